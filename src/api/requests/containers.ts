import { z } from "zod";
import { notSupported } from "../schema/docker-object.ts";
import { queryFilters } from "../schema/filters.ts";
import { query, queryFlag, queryInteger, queryText, queryTime } from "../schema/query.ts";
import { hostConfigSchema } from "./host-config.ts";
import { resourceShape } from "./resources.ts";

export const listContainersQuery = query({
  all: queryFlag,
  limit: queryInteger,
  size: queryFlag,
  filters: queryFilters,
  // Of the first versions of the API; commands are given in full.
  trunc_cmd: queryFlag,
});

/**
 * Some clients repeat the whole body in the query of a create, so what else stands there is compared with
 * the body instead of refused.
 */
export const createContainerQuery = z.looseObject({ name: queryText, platform: queryText });

export const inspectContainerQuery = query({ size: queryFlag });

export const startContainerQuery = query({ detachKeys: queryText });

export const stopContainerQuery = query({ t: queryInteger, signal: queryText });

export const renameContainerQuery = query({ name: queryText });

export const topContainerQuery = query({ ps_args: queryText });

export const pruneQuery = query({ filters: queryFilters });

/** `changes` may be repeated. */
export const commitContainerQuery = query({
  container: z.string("missing required query parameter"),
  repo: queryText,
  tag: queryText,
  author: queryText,
  comment: queryText,
  changes: queryText,
  pause: queryFlag,
});

export const killContainerQuery = query({ signal: queryText });

const conditions = ["not-running", "next-exit", "removed"] as const;

export const waitContainerQuery = query({
  condition: z
    .string()
    .transform((text, context) => {
      const condition = conditions.find((known) => known === text);
      if (condition !== undefined) return condition;
      context.issues.push({ code: "custom", input: text, message: `invalid condition: "${text}"` });
      return z.NEVER;
    })
    .exactOptional(),
});

export const attachContainerQuery = query({
  stdin: queryFlag,
  stdout: queryFlag,
  stderr: queryFlag,
  logs: queryFlag,
  stream: queryFlag,
  detachKeys: queryText,
});

export const resizeContainerQuery = query({
  h: z
    .string()
    .regex(/^\d{1,5}$/, "Invalid input: expected rows")
    .transform(Number),
  w: z
    .string()
    .regex(/^\d{1,5}$/, "Invalid input: expected columns")
    .transform(Number),
});

export const containerLogsQuery = query({
  stdout: queryFlag,
  stderr: queryFlag,
  follow: queryFlag,
  timestamps: queryFlag,
  since: queryTime,
  until: queryTime,
  tail: z
    .string()
    .regex(/^(all|-?\d{1,15})$/, 'Invalid input: expected a number or "all"')
    .transform((text) => (text === "all" || text.startsWith("-") ? undefined : Number(text)))
    .optional(),
});

export type LogsQuery = z.infer<typeof containerLogsQuery>;

export const removeContainerQuery = query({ v: queryFlag, force: queryFlag, link: queryFlag });

/** `one-shot` answers at once, without a sample from before to compare with. */
export const containerStatsQuery = query({ stream: queryFlag, "one-shot": queryFlag });

/** Body of `POST /containers/{id}/update`. */
export const updateContainerSchema = hostConfigSchema.transform((changes, context) => {
  for (const name of Object.keys(changes)) {
    if (name === "RestartPolicy" || Object.hasOwn(resourceShape, name)) continue;
    const message = "cannot be changed";
    context.issues.push({ code: "custom", input: changes, path: [name], message, params: notSupported });
  }
  return changes;
});
