import { z } from "zod";
import { dockerObject } from "../schema/docker-object.ts";
import { queryFilters } from "../schema/filters.ts";
import { withWarnings } from "../schema/ignored-names.ts";
import { query, queryFlag, queryInteger, queryText, queryTime } from "../schema/query.ts";
import { restartPolicySchema } from "./host-config.ts";
import { resourceReasons, resourceShape, unsetResources, unsupportedResources } from "./resources.ts";

/** Query of `GET /containers/json`. */
export const listContainersQuery = query({
  all: queryFlag,
  limit: queryInteger,
  size: queryFlag,
  filters: queryFilters,
  // A parameter of the first API versions, ignored: commands are never truncated.
  trunc_cmd: queryFlag,
});

/**
 * Query of `POST /containers/create`. Other parameters are checked together with the body, because some clients repeat
 * fields of the body in the query.
 */
export const createContainerQuery = z.looseObject({ name: queryText, platform: queryText });

/** Query of `GET /containers/{id}/json`. */
export const inspectContainerQuery = query({ size: queryFlag });

/** Query of `POST /containers/{id}/start`. */
export const startContainerQuery = query(
  { detachKeys: queryText },
  { unsupported: ["checkpoint", "checkpoint-dir"] },
);

/** Query of a stop and of a restart; `t` in seconds. */
export const stopContainerQuery = query({ t: queryInteger, signal: queryText });

/** Query of `POST /containers/{id}/rename`. */
export const renameContainerQuery = query({ name: queryText });

/** Query of `GET /containers/{id}/top`; `ps_args` are the arguments of `ps`. */
export const topContainerQuery = query({ ps_args: queryText });

/** Query of prunes with filters only. */
export const pruneQuery = query({ filters: queryFilters });

/** Query of `POST /commit`; `changes` may be repeated. */
export const commitContainerQuery = query({
  // Docker reads the body first, then it finds that there is no container without a name.
  container: z.string().default(""),
  repo: queryText,
  tag: queryText,
  author: queryText,
  comment: queryText,
  changes: queryText,
  pause: queryFlag,
});

/** Query of `POST /containers/{id}/kill`. */
export const killContainerQuery = query({ signal: queryText });

const conditions = ["not-running", "next-exit", "removed"] as const;

/** Query of `POST /containers/{id}/wait`. */
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

/** Query of `POST /containers/{id}/attach`. */
export const attachContainerQuery = query({
  stdin: queryFlag,
  stdout: queryFlag,
  stderr: queryFlag,
  logs: queryFlag,
  stream: queryFlag,
  detachKeys: queryText,
});

/** Returns Docker's message for an invalid size of a terminal. */
function invalidResize(side: string, given: unknown): string {
  const reason = /^-?\d+$/.test(String(given)) ? "value out of range" : "invalid syntax";
  return `invalid resize ${side} ${JSON.stringify(given)}: ${reason}`;
}

/** Query of a resize: rows and columns. */
export const resizeContainerQuery = query({
  h: z
    .string()
    .default("")
    .refine((text) => /^\d{1,5}$/.test(text), { error: ({ input }) => invalidResize("height", input) })
    .transform(Number),
  w: z
    .string()
    .default("")
    .refine((text) => /^\d{1,5}$/.test(text), { error: ({ input }) => invalidResize("width", input) })
    .transform(Number),
});

/** Query of `GET /containers/{id}/logs`. */
export const containerLogsQuery = query({
  stdout: queryFlag,
  stderr: queryFlag,
  follow: queryFlag,
  timestamps: queryFlag,
  details: queryFlag,
  since: queryTime,
  until: queryTime,
  // As in Docker, everything but a number means all lines.
  tail: z
    .string()
    .transform((text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined))
    .optional(),
});

export type LogsQuery = z.infer<typeof containerLogsQuery>;

/** Query of `DELETE /containers/{id}`. */
export const removeContainerQuery = query({ v: queryFlag, force: queryFlag, link: queryFlag });

/** Query of `GET /containers/{id}/stats`; `one-shot` answers at once, without a previous sample. */
export const containerStatsQuery = query({ stream: queryFlag, "one-shot": queryFlag });

const fixed = "cannot be changed";

/** Body of `POST /containers/{id}/update`: only resources and the restart policy can change. */
export const updateContainerSchema = withWarnings(
  dockerObject(
    { ...resourceShape, RestartPolicy: restartPolicySchema },
    {
      unset: unsetResources,
      unsupported: { ...unsupportedResources, CgroupParent: [], Devices: [], Ulimits: [] },
      reasons: { ...resourceReasons, CgroupParent: fixed, Devices: fixed, Ulimits: fixed },
    },
  ),
);
