import { z } from "zod";
import { invalidArgument } from "#support/errors.ts";
import { type DiffId, parseDiffId } from "./digest.ts";
import { hostPlatform } from "./platform.ts";
import { parseStrictJson } from "./strict-json.ts";

const text = z.string().nullish().transform(unset).optional();
const texts = z.array(z.string()).nullish().transform(unset).optional();
const names = z.record(z.string(), z.unknown()).nullish();

const number = z.number().nullish().transform(unset).optional();

const healthcheckSchema = z.looseObject({
  Test: texts,
  Interval: number,
  Timeout: number,
  StartPeriod: number,
  StartInterval: number,
  Retries: number,
});

const executionSchema = z.looseObject({
  User: text,
  Env: texts,
  Cmd: texts,
  Entrypoint: texts,
  WorkingDir: text,
  StopSignal: text,
  Labels: z.record(z.string(), z.string()).nullish().transform(unset).optional(),
  // The specification reserves this field for Docker.
  Healthcheck: healthcheckSchema.nullish().transform(unset).optional(),
  Shell: texts,
  OnBuild: texts,
  Volumes: names.transform(keys).optional(),
  ExposedPorts: names.transform(keys).optional(),
});

const historySchema = z.looseObject({
  created: text,
  created_by: text,
  author: text,
  comment: text,
  empty_layer: z.boolean().nullish().transform(unset).optional(),
});

/** Schema of a configuration (OCI image-spec, config.md). Keeps unknown fields; treats null as absent. */
export const imageConfigSchema = z.looseObject({
  // Images from the early versions of Docker have neither field.
  architecture: z.string().default(() => hostPlatform().architecture),
  os: z.string().default("linux"),
  variant: text,
  created: text,
  author: text,
  config: executionSchema.nullish().transform(unset).optional(),
  rootfs: z.looseObject({
    type: z.literal("layers"),
    diff_ids: z
      .array(z.string())
      .nullish()
      .transform((found) => found ?? []),
  }),
  history: z.array(historySchema).nullish().transform(unset).optional(),
});

export type ImageConfig = z.infer<typeof imageConfigSchema>;

/** Maximum number of layers of an image: Docker's limit, which is below the limit of overlayfs. */
const mostLayers = 127;

/** Parses the bytes of a configuration. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const result = imageConfigSchema.safeParse(parseStrictJson(bytes, "image configuration"));
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue?.path.join(".") ?? "";
    throw invalidArgument(`image configuration: ${where}: ${issue?.message ?? "invalid"}`);
  }
  if (result.data.rootfs.diff_ids.length > mostLayers) {
    throw invalidArgument(`image configuration: more than ${mostLayers} layers`);
  }
  return result.data;
}

/** Returns the diffIDs of the layers, base first. */
export function diffIdsOf(config: ImageConfig): DiffId[] {
  return config.rootfs.diff_ids.map(parseDiffId);
}

/** Returns the creation time in milliseconds since the epoch; 0 without a date. */
export function createdAt(config: ImageConfig): number {
  const time = Date.parse(config.created ?? "");
  return Number.isNaN(time) ? 0 : time;
}

function unset<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}

function keys(value: Record<string, unknown> | null | undefined): Record<string, object> | undefined {
  if (value == null) return undefined;
  return Object.fromEntries(Object.keys(value).map((name) => [name, {}]));
}
