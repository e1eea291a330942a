import { familiarName, parseReference } from "#oci/reference.ts";
import { errorChain } from "#support/errors.ts";
import type { ImageServices } from "../services.ts";
import type { ImageRecord } from "../store/image-records.ts";
import type { CheckOptions, Damage } from "./image-maintenance.ts";

/** Runs a repair if requested; returns the damage with the outcome of the repair. */
export async function tryRepair(
  damage: Damage,
  { repair, signal }: CheckOptions,
  run: () => Promise<void>,
): Promise<Damage> {
  if (!repair) return { ...damage, unrepaired: "repair was not requested: run the check with --repair" };
  try {
    await run();
    return damage;
  } catch (error) {
    signal.throwIfAborted();
    return { ...damage, unrepaired: errorChain(error) };
  }
}

/** Returns a familiar name of an image, else its ID. */
export function displayName({ records }: Pick<ImageServices, "records">, image: ImageRecord): string {
  const named = records.names().find(({ id }) => id === image.id);
  return named ? familiarName(parseReference(named.name)) : image.id;
}
