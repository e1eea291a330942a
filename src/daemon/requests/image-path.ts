import { objectName } from "#api/schema/names.ts";
import { queryPlatform } from "#api/schema/platform.ts";
import type { Platform } from "#oci/platform.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { decodePathPart } from "../http/target.ts";

/**
 * Splits the rest of a path below `/images/` into a name, which may contain slashes, and an action. Throws not-found
 * for any other action.
 */
export function parseImagePath<Action extends string>(
  rest: string,
  actions: readonly Action[],
): { name: string; action: Action } {
  const action = actions.find((candidate) => rest.endsWith(`/${candidate}`));
  if (action === undefined) throw new TboxError("not-found", "page not found");
  return { name: parseImageName(rest.slice(0, -action.length - 1)), action };
}

/** Decodes and checks the name of an image in a path. */
export function parseImageName(encoded: string): string {
  return objectName.parse(decodePathPart(encoded));
}

/** Returns the platforms of the repeated query parameter `platforms`. */
export function parsePlatforms(url: string): Platform[] {
  const texts = new URL(url).searchParams.getAll("platforms");
  return texts.flatMap((text) => queryPlatform.parse(text) ?? []);
}

/** Throws Docker's error for a query with several platforms, where only one has an effect. */
export function refuseSeveralPlatforms(url: string): void {
  if (new URL(url).searchParams.getAll("platform").length < 2) return;
  throw invalidArgument("multiple platform parameters not supported");
}
