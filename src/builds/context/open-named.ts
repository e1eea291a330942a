import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { openHostTree } from "#support/host-tree.ts";
import type { ContextSource } from "../builder.ts";
import { type Context, openContext } from "./open-context.ts";
import { openSource, type SourceOptions } from "./open-source.ts";

/** Opens the files of a named context until the end of the build. */
export async function openNamed(options: SourceOptions, source: ContextSource): Promise<Context> {
  const scratch = `${options.scratch}/${randomUUID()}`;
  mkdirSync(scratch, { mode: 0o700 });
  const { directory, owned, ignore } = await openSource({ ...options, scratch }, source);
  const { held, services } = options;
  const tree = held.use(openHostTree(directory, { owned }));
  return openContext({ directory, tree, ignore }, "Dockerfile", {
    known: services.digestCache(directory),
    held,
  });
}
