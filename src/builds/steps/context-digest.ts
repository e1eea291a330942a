import { TboxError } from "#support/errors.ts";
import { followLinks } from "../context/listing.ts";
import type { Context } from "../context/open-context.ts";

/** Hashes the files at a path of the context and reports whether `.dockerignore` excludes any file below the path. */
export async function describeContext(
  context: Context,
  path: string,
): Promise<{ digest: string; ignored: boolean }> {
  const listing = await context.list();
  const real = followLinks(listing, path);
  if (real === undefined || !listing.find(real)) {
    throw new TboxError("not-found", `${JSON.stringify(path)}: not found in the build context`);
  }
  const digest = await listing.digest(real, []);
  return { digest, ignored: listing.ignored.some((one) => real === "" || one.startsWith(`${real}/`)) };
}
