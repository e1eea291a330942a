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
  const uses: Use<ContainerResource>[] = [];
  if (imageId !== undefined) uses.push({ kind: "image", key: imageId, active: running });
  for (const name in mountedImages) {
    const key = mountedImages[name];
    if (key !== undefined) uses.push({ kind: "image", key, active: running });
  }
  for (const key of layers) uses.push({ kind: "layer", key, active: running });
  for (const { name } of volumes) uses.push({ kind: "volume", key: name, active: running });
  // An endpoint exists from before the program's start until the program's exit is handled.
  for (const key in networksOf(record)) uses.push({ kind: "network", key, active: network !== undefined });
  return uses;
}
