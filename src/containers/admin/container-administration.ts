import type { WrongSize } from "#support/wrong-size.ts";
import type { Execs } from "../exec/execs.ts";
import type { ContainerServices } from "../services.ts";
import { checkContainerSizes, containerDiskUsage, writableLayerSizes } from "./disk-usage.ts";
import { type PrunedContainers, pruneContainers } from "./prune.ts";
import { type ContainerStats, readStats } from "./stats.ts";
import { listContainerProcesses, type ProcessTable } from "./top.ts";

/** Resource usage of containers, and their removal in bulk. */
export interface ContainerAdministration {
  /** Reads the current resource usage; nothing when the container does not run. */
  stats(name: string): ContainerStats | undefined;
  /** Lists a container's processes; `args` are arguments of `ps`. Throws conflict unless the container runs. */
  top(name: string, args: string): Promise<ProcessTable>;
  /** Returns the lengths of the files in the writable layers of containers, by ID. Unknown containers have none. */
  sizes(ids: readonly string[]): Promise<Map<string, number>>;
  /** Returns the allocated bytes of all files of each container, by ID. */
  diskUsage(): Promise<Map<string, number>>;
  /** Measures containers again whose disk usage is cached. Corrects and returns the wrong sizes. */
  checkSizes(): Promise<WrongSize[]>;
  /** Removes stopped containers that match the filters `label`, `label!` and `until`. */
  prune(filters: Map<string, string[]>): Promise<PrunedContainers>;
}

export function containerAdministration(services: ContainerServices, execs: Execs): ContainerAdministration {
  return {
    stats: (name) => readStats(services, name),
    top: (name, args) => listContainerProcesses(services, execs, { name, args }),
    sizes: (ids) => writableLayerSizes(services, ids),
    diskUsage: () => containerDiskUsage(services),
    checkSizes: () => checkContainerSizes(services),
    prune: (filters) => pruneContainers(services, filters),
  };
}
