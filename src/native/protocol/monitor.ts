/** Messages between the daemon and the monitor of a container. */
import { z } from "zod";
import { isRecord } from "#support/json.ts";
import { failureSchema } from "./failure.ts";

const startedSchema = z.object({
  pid: z.number(),
  startedAt: z.string(),
  phases: z.custom<{ name: string; at: number }[]>(isPhases),
  /** Whether the monitor knows `Attachment.afterLog`; monitors of tbox 0.1.0 do not. */
  marksLog: z.boolean().default(false),
});

/** Tests the phases of a start. A schema of the elements takes several times as long. */
function isPhases(value: unknown): boolean {
  const isPhase = (one: unknown) =>
    isRecord(one) && typeof one.name === "string" && typeof one.at === "number";
  return Array.isArray(value) && value.every(isPhase);
}

/** The exit of a container; also the schema of its `exit.json`. */
export const exitedSchema = z.object({
  pid: z.number(),
  code: z.number(),
  signal: z.number().optional(),
  oomKilled: z.boolean(),
  startedAt: z.string(),
  finishedAt: z.string(),
});

export const fromMonitorSchema = z.discriminatedUnion("type", [
  startedSchema.extend({ type: z.literal("started") }),
  failureSchema.extend({ type: z.literal("failed") }),
  z.object({ type: z.literal("logged"), generation: z.number(), size: z.number() }),
  z.object({ type: z.literal("out-of-memory") }),
  exitedSchema.extend({ type: z.literal("exited") }),
  failureSchema.extend({ type: z.literal("refused") }),
]);

export type Started = z.infer<typeof startedSchema>;
export type Exited = z.infer<typeof exitedSchema>;

export type ToMonitor =
  | ({ type: "attach" } & Attachment)
  | { type: "signal"; number: number }
  | { type: "resize"; columns: number; rows: number }
  | ({ type: "await-log" } & LogPosition);

/** The end of a log: `generation` counts rotations, `size` is in bytes. */
export interface LogPosition {
  generation: number;
  size: number;
}

/** The streams that a connection carries, and their framing. */
export interface Attachment {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  framing: "multiplexed" | "raw";
  /**
   * Whether the stream continues the container's log: it begins with the inode and the length of the newest file, as two
   * 64-bit numbers in little-endian order, and the unfinished lines, which the log does not have.
   */
  afterLog?: boolean;
}
