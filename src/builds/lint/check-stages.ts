import type { Platform } from "#oci/platform.ts";
import type { PlannedStage } from "../plan/plan-stages.ts";
import { stageOfImage } from "../plan/stage-state.ts";
import type { BuilderServices } from "../services.ts";
import { findLocalImage } from "../solve/base-image.ts";
import type { Finding } from "./lint-file.ts";
import { lintStage, type StageStart } from "./lint-stage.ts";

/** Goes through all stages without building them; of base images only those that are here are known. */
export async function checkStages(
  services: BuilderServices,
  stages: PlannedStage[],
  platform: Platform,
): Promise<Finding[]> {
  const ends: StageStart[] = [];
  const findings: Finding[] = [];
  for (const stage of stages) {
    const start = await startOf(services, stage, { ends, platform });
    const checked = lintStage(stage, start);
    findings.push(...checked.findings);
    ends.push(checked.end);
  }
  return findings;
}

async function startOf(
  services: BuilderServices,
  { base }: PlannedStage,
  { ends, platform }: { ends: StageStart[]; platform: Platform },
): Promise<StageStart> {
  if (base.type === "scratch") return { variables: new Set(), hasDirectory: false };
  // Without its image nothing can be said of what a stage has.
  const unknown = { hasDirectory: true };
  if (base.type === "stage") return ends[base.index] ?? unknown;
  const image = await findLocalImage(services, base.name, undefined);
  if (!image) return unknown;
  const { environment, settings } = stageOfImage(image, platform);
  return { variables: new Set(Object.keys(environment)), hasDirectory: Boolean(settings.WorkingDir) };
}
