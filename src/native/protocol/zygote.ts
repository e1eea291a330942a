/** Messages between the daemon and the zygote. */
import { z } from "zod";
import { failureSchema } from "./failure.ts";
import type { ExecRequest, LaunchRequest } from "./launch.ts";
import type { WorkRequest } from "./work.ts";

/** Version of all messages. A daemon speaks only to a zygote of its own version. */
export const protocolVersion = 17;

const idRangesSchema = z.array(z.object({ inside: z.number(), outside: z.number(), count: z.number() }));

const mappingSchema = z.object({
  mode: z.enum(["range", "single"]),
  uids: idRangesSchema,
  gids: idRangesSchema,
  reason: z.string().optional(),
});

export const fromZygoteSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    version: z.number(),
    pid: z.number(),
    mapping: mappingSchema,
    cgroupNamespace: z.boolean(),
  }),
  z.object({ type: z.literal("listening") }),
  z.object({ type: z.literal("traced"), sandbox: z.number() }),
  z.object({ type: z.literal("unused"), sandbox: z.number() }),
  failureSchema.extend({ type: z.literal("refused") }),
]);

export type FromZygote = z.infer<typeof fromZygoteSchema>;

/** The mapping of ids in the user namespace to ids of the host. */
export type Mapping = z.infer<typeof mappingSchema>;

export type ToZygote =
  | { type: "hello" }
  | ({ type: "launch" } & LaunchRequest)
  | ({ type: "exec" } & ExecRequest)
  | ({ type: "work" } & WorkRequest)
  /** Passes a channel to the net helper and starts the helper if none runs. */
  | { type: "net" }
  /** Creates the listening stream socket `name`, or keeps it; the channel receives it. */
  | { type: "listen"; name: string }
  /** Passes this number of empty cgroups for the sandboxes of the next containers. */
  | { type: "cgroups"; count: number }
  | { type: "shutdown" };

/** The part of a zygote's record in the store that a daemon reads. */
export const zygoteRecordSchema = z.object({ pid: z.number() });
