import { statfsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { CacheLimits } from "#builds/builder.ts";
import type { RegistryOptions } from "#registry/access/registry-options.ts";
import { parseBytes } from "#support/bytes.ts";
import { dataDirectory, runDirectory } from "#support/directories.ts";
import { errorChain, invalidArgument, TboxError } from "#support/errors.ts";
import { ensurePrivateDirectory } from "#support/private-directory.ts";

export interface Config {
  dataDirectory: string;
  runDirectory: string;
  registry: RegistryOptions;
  /** Whether a limit that cannot be kept is an error or a warning. */
  limits: "strict" | "warn";
  /** How much builds may leave behind. */
  builds: CacheLimits;
  environment: Record<string, string | undefined>;
}

const url = z.url({ protocol: /^https?$/ });
const urls = z.array(url);
const size = z.union([z.number().nonnegative(), z.string().transform(parseSize)]);

const fileSchema = z.strictObject({
  // Docker's form has those of Docker Hub only.
  "registry-mirrors": z
    .union([
      urls.transform((mirrors) => ({ "docker.io": mirrors })),
      z.record(z.string(), z.union([url.transform((one) => [one]), urls])),
    ])
    .default({}),
  "insecure-registries": z.array(z.string()).default([]),
  "token-servers": z.array(z.string()).default([]),
  limits: z.enum(["strict", "warn"]).default("strict"),
  // Docker's form.
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

/** Of the file system, that what builds keep may take when nothing else is said. */
const shareOfDisk = 0.1;

/** The directories, made where they are missing, and what the user's configuration file says. */
export async function readConfig(
  environment: Record<string, string | undefined>,
  uid: number,
): Promise<Config> {
  const data = dataDirectory(environment);
  const run = await runDirectory(environment, uid);
  ensurePrivateDirectory({ path: data, uid, others: "read" });
  ensurePrivateDirectory({ path: run, uid, others: "read" });
  const home = environment.XDG_CONFIG_HOME || `${environment.HOME ?? ""}/.config`;
  const file = await readConfigFile(`${home}/tbox/config.json`);
  return {
    dataDirectory: data,
    runDirectory: run,
    registry: {
      mirrors: file["registry-mirrors"],
      insecure: file["insecure-registries"],
      tokenServers: file["token-servers"],
      certificates: [`${home}/tbox/certs.d`, `${home}/docker/certs.d`, "/etc/docker/certs.d"],
      environment,
    },
    limits: file.limits,
    builds: cacheLimits(file, data),
    environment,
  };
}

function cacheLimits({ builder }: z.infer<typeof fileSchema>, data: string): CacheLimits {
  const given = builder?.gc;
  if (given?.enabled === false) return { reserved: 0, most: 0, free: 0 };
  const reserved = given?.defaultReservedSpace ?? given?.defaultKeepStorage ?? 0;
  const free = given?.defaultMinFreeSpace ?? 0;
  const { blocks, bsize } = statfsSync(data);
  const most = given?.defaultMaxUsedSpace ?? Math.max(reserved, Math.floor(blocks * bsize * shareOfDisk));
  return { reserved, most, free };
}

function parseSize(text: string, context: z.RefinementCtx): number {
  try {
    return parseBytes(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: errorChain(error) });
    return z.NEVER;
  }
}

async function readConfigFile(path: string): Promise<z.infer<typeof fileSchema>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return fileSchema.parse({});
    throw new TboxError("unavailable", `read ${path}`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidArgument(`${path} is not JSON`, cause);
  }
  const result = fileSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalidArgument(`${path}: ${[...(issue?.path ?? []), issue?.message].join(": ")}`);
}
