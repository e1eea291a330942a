import { readFile } from "node:fs/promises";
import { z } from "zod";
import { parseBytes } from "#support/bytes.ts";
import { errorChain, invalidArgument, TboxError } from "#support/errors.ts";
import { parseLogLevels } from "#support/log-levels.ts";

const url = z.url({ protocol: /^https?$/ });
const urls = z.array(url);
const size = z.union([z.number().nonnegative(), z.string().transform(parseSize)]);

const schema = z.strictObject({
  // A list, as in Docker's configuration, names mirrors of Docker Hub.
  "registry-mirrors": z
    .union([
      urls.transform((mirrors) => ({ "docker.io": mirrors })),
      z.record(z.string(), z.union([url.transform((one) => [one]), urls])),
    ])
    .default({}),
  "insecure-registries": z.array(z.string()).default([]),
  "token-servers": z.array(z.string()).default([]),
  "release-feed": url.exactOptional(),
  "no-new-privileges": z.boolean().default(false),
  userns: z.string().exactOptional(),
  log: z.string().transform(checkLevels).exactOptional(),
  limits: z.enum(["strict", "warn"]).default("strict"),
  // The fields of Docker's configuration.
  builder: z
    .strictObject({
      gc: z
        .strictObject({
          enabled: z.boolean().default(true),
          defaultKeepStorage: size.exactOptional(),
          defaultReservedSpace: size.exactOptional(),
          defaultMaxUsedSpace: size.exactOptional(),
          defaultMinFreeSpace: size.exactOptional(),
        })
        .exactOptional(),
    })
    .exactOptional(),
});

/** Contents of the user's configuration file, with defaults. */
export type ConfigFile = z.infer<typeof schema>;

/** Reads the user's configuration file; an absent file means defaults. Throws invalid-argument for an invalid file. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return schema.parse({});
    throw new TboxError("unavailable", `read ${path}`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidArgument(`${path} is not JSON`, cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidArgument(`${path}: ${[...(issue?.path ?? []), issue?.message].join(": ")}`);
}

/** Returns the levels unchanged if they are valid. */
function checkLevels(text: string, context: z.RefinementCtx): string {
  try {
    parseLogLevels(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: errorChain(error) });
  }
  return text;
}

function parseSize(text: string, context: z.RefinementCtx): number {
  try {
    return parseBytes(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: errorChain(error) });
    return z.NEVER;
  }
}
