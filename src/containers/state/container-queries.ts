import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "./container-record.ts";
import { type ListFilter, listContainers } from "./list-containers.ts";

/** Lookups of containers. The records are live: they must not be changed. */
export interface ContainerQueries {
  /** Finds a container by name, ID or unique ID prefix. Throws not-found with Docker's text. */
  get(name: string): ContainerRecord;
  /** Lists containers, newest first. */
  list(filter: ListFilter): ContainerRecord[];
  /** Returns a number that changes at the end of every change of a container. */
  revision(): number;
  /** Returns the number that `revision` had after the last change of a container. */
  revisionOf(record: ContainerRecord): number;
}

export function containerQueries(
  services: Pick<ContainerServices, "records" | "networks" | "images">,
): ContainerQueries {
  return {
    get: (name) => services.records.find(name),
    list: (filter) => listContainers(services, filter),
    revision: services.records.revision,
    revisionOf: services.records.revisionOf,
  };
}
