/**
 * `POST /tbox/run`: create, attach, start, wait and remove over one upgraded connection.
 *
 * The request carries `Connection: Upgrade`, `Upgrade: tcp`, a JSON body of type `RunRequest` and, for a
 * pull, `X-Registry-Auth`. The answer is `101 UPGRADED`; then both sides send frames: one byte of type,
 * three zero bytes, the length as 32 bits big-endian, the payload.
 */
export const frameType = {
  /** Client to daemon: bytes for the program; an empty frame is the end of its input. */
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** JSON: `RunEvent` from the daemon, `RunControl` from the client. */
  control: 3,
} as const;

export interface RunRequest {
  name?: string;
  platform?: string;
  pull: "always" | "missing" | "never";
  /** Ends the exchange after the start instead of attaching. */
  detach: boolean;
  /** Body of `POST /containers/create`. */
  container: Record<string, unknown>;
}

export type RunEvent =
  /** A line of `POST /images/create`. */
  | { event: "progress"; progress: Record<string, unknown> }
  | { event: "created"; id: string; warnings: string[] }
  | { event: "started" }
  /** After the last byte of output; with AutoRemove, after the removal. */
  | { event: "exited"; code: number }
  /** Ends the exchange. `exitCode` is 125, 126 or 127 as `docker run` would exit. */
  | { event: "error"; status: number; message: string; exitCode: number };

export type RunControl =
  | { control: "resize"; columns: number; rows: number }
  /** A signal by name (`INT`) or number. */
  | { control: "signal"; signal: string };
