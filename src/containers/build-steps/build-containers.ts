import type { DiffId } from "#oci/digest.ts";
import type { ContainerServices } from "../services.ts";
import { type BuildStep, createStep } from "./create-step.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

/** Containers and file systems for the steps of image builds. None of them survives the daemon. */
export interface BuildContainers {
  /** Creates the container of a `RUN` step. `upper` is the store path of the container's changes to the layers. */
  createStep(step: BuildStep): Promise<{ id: string; upper: string }>;
  /** Opens a file system over layers, base first, to copy files into. */
  openWorkspace(layers: DiffId[]): Workspace;
}

export function buildContainers(services: ContainerServices): BuildContainers {
  return {
    createStep: (step) => createStep(services, step),
    openWorkspace: (layers) => openWorkspace(services, layers),
  };
}
