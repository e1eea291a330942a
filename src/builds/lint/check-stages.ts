import type { Platform } from "#oci/platform.ts";
import type { PlannedStage } from "../plan/plan-stages.ts";
import { stageOfImage } from "../plan/stage-state.ts";
import type { BuilderServices } from "../services.ts";
import { findLocalImage } from "../solve/base-image.ts";
import type { Finding } from "./finding.ts";
import { lintStage, type StageStart } from "./lint-stage.ts";

/** Lints all stages without building them. Only base images in the local store are known. */
export async function checkStages(
  services: BuilderServices,
  stages: PlannedStage[],
  platform: Platform,
): Promise<Finding[]> {
  const stageEnds: StageStart[] = [];
  const findings: Finding[] = [];
  for (const stage of stages) {
    const start = await startOf(services, stage, { stageEnds, platform });
    const checked = lintStage(stage, start);
    findings.push(...checked.findings);
    stageEnds.push(checked.end);
  }
  return findings;
}

async function startOf(
  services: BuilderServices,
  { base }: PlannedStage,
  { stageEnds, platform }: { stageEnds: StageStart[]; platform: Platform },
): Promise<StageStart> {
  if (base.type === "scratch") return { variables: new Set(), hasDirectory: false };
  // The variables of a stage are unknown if its base image is unknown.
  const unknown = { hasDirectory: true };
  if (base.type === "stage") return stageEnds[base.index] ?? unknown;
  const image = await findLocalImage(services, base.name, undefined);
  if (!image) return unknown;
  const { environment, settings } = stageOfImage(image, platform);
  return { variables: new Set(Object.keys(environment)), hasDirectory: Boolean(settings.WorkingDir) };
}
