import type { DiffId, Digest } from "#oci/digest.ts";
import type { UsageRegister, Use } from "#support/usage-register.ts";
import { networksOf } from "../networking/network-mode.ts";
import { type ContainerRecord, isRunning } from "./container-record.ts";

/** Kinds of resources that containers use. Networks are registered by name. */
export type ContainerResource = "image" | "layer" | "volume" | "network";

export type ContainerUses = UsageRegister<ContainerResource>;

/** Returns the image, layers, volumes and networks that a container holds for as long as it exists. */
export function usesOf(record: ContainerRecord): Use<ContainerResource>[] {
  const { imageId, layers = [], volumes = [], network, mountedImages = {} } = record;
  const running = isRunning(record);
  const images: Digest[] = [...(imageId === undefined ? [] : [imageId]), ...Object.values(mountedImages)];
  return [
    ...images.map((key) => ({ kind: "image" as const, key, active: running })),
    ...layers.map((key: DiffId) => ({ kind: "layer" as const, key, active: running })),
    ...volumes.map(({ name }) => ({ kind: "volume" as const, key: name, active: running })),
    // An endpoint exists from before the program's start until the program's exit is handled.
    ...Object.keys(networksOf(record)).map((key) => ({
      kind: "network" as const,
      key,
      active: network !== undefined,
    })),
  ];
}
