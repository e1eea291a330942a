import { invalidArgument } from "#support/errors.ts";
import type { MountRequest } from "./create-request.ts";

/** Options that Docker refuses for each type of mount, because they belong to another type. */
const foreignOptions: Record<
  MountRequest["Type"],
  ("BindOptions" | "VolumeOptions" | "TmpfsOptions" | "ImageOptions")[]
> = {
  bind: ["VolumeOptions", "ImageOptions"],
  tmpfs: ["BindOptions", "VolumeOptions", "ImageOptions"],
  volume: ["BindOptions", "ImageOptions"],
  image: ["BindOptions", "VolumeOptions", "TmpfsOptions"],
};

/** Throws invalid-argument, in Docker's words, if a mount has options of another type. */
export function checkMountOptions(mount: MountRequest): void {
  const field = foreignOptions[mount.Type].find((name) => mount[name] !== undefined);
  if (field === undefined) return;
  throw invalidArgument(
    `invalid mount config for type "${mount.Type}": field ${field} must not be specified`,
  );
}
