import { mkdirSync } from "node:fs";
import type { Mount } from "#native/protocol/launch.ts";
import type { DiffId } from "#oci/digest.ts";
import { createContainer } from "../lifecycle/create.ts";
import type { CreateRequest } from "../request/create-request.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import { type FileTree, planTree } from "./file-tree.ts";

/** Mount of `RUN --mount`. */
export type StepMount =
  | { type: "tree"; tree: FileTree; source: string; target: string; readonly: boolean }
  | Extract<Mount, { type: "cache" }>
  | { type: "secret"; content: Uint8Array; target: string; uid: number; gid: number; mode: number }
  | { type: "socket"; path: string; target: string }
  | { type: "tmpfs"; target: string; size: number; readonly: boolean };

/** `RUN` step of a build. */
export interface BuildStep {
  /** Layers that replace the image, base first. */
  layers: DiffId[];
  request: CreateRequest;
  mounts: StepMount[];
  /** Secrets as `NAME=value`. They are never stored. */
  environment: string[];
}

/** Creates the container of a step. Start, wait and removal work as for any other container. */
export async function createStep(
  services: ContainerServices,
  step: BuildStep,
): Promise<{ id: string; upper: string }> {
  const { id } = await createContainer(services, step.request, { layers: step.layers });
  // The helper creates mount points here, which keeps them out of the step's layer.
  mkdirSync(`${containerDirectory(services, id)}/targets`, { mode: 0o755 });
  services.runtime(id).buildStep = {
    mounts: step.mounts.map(planStepMount),
    environment: step.environment,
  };
  return { id, upper: `containers/${id}/upper` };
}

function planStepMount(mount: StepMount): Mount {
  switch (mount.type) {
    case "tree":
      return { ...mount, tree: planTree(mount.tree) };
    case "cache":
      return mount;
    case "secret":
      return { ...mount, content: Buffer.from(mount.content).toString("base64") };
    case "socket": {
      const { path: source, target } = mount;
      return { type: "bind", source, target, readonly: false, recursive: false, propagation: "rprivate" };
    }
    case "tmpfs": {
      const { type, target, size, readonly } = mount;
      return { type, target, mode: 0o1777, readonly, exec: true, ...(size > 0 ? { size } : {}) };
    }
  }
}
