import { TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";

/**
 * Throws conflict if a running container has mounted one of a container's tmpfs volumes, or if the container mounts one twice.
 * Each mount is a tmpfs of its own, so the containers would not see each other's files.
 */
export function requireMemoryVolumes(services: ContainerServices, record: ContainerRecord): void {
  const names = memoryVolumes(record);
  if (names.length === 0) return;
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw conflict(twice, "it can be mounted only once");
  for (const other of services.records.all()) {
    if (other.id === record.id || !(isRunning(other) || services.runtime(other.id).launching)) continue;
    const shared = memoryVolumes(other).find((name) => names.includes(name));
    if (shared !== undefined) throw conflict(shared, `container ${other.name} has it mounted`);
  }
}

function memoryVolumes({ volumes = [] }: ContainerRecord): string[] {
  return volumes.filter(({ memory }) => memory !== undefined).map(({ name }) => name);
}

function conflict(name: string, reason: string): TboxError {
  const remedy = "use a volume without type=tmpfs to share files";
  return new TboxError("conflict", `volume ${name} is a tmpfs, and ${reason}: ${remedy}`);
}
