import type { ErrorCode } from "#support/errors.ts";
import type { TransferLine } from "../answers/progress.ts";

/**
 * Frame types of `POST /tbox/run`, which creates, attaches, starts, awaits and removes a container over one upgraded
 * connection.
 *
 * The request has `Connection: Upgrade`, `Upgrade: tcp`, a JSON body of type `RunRequest` and, for a pull,
 * `X-Registry-Auth`. The answer is `101 UPGRADED`; then both sides send frames: one byte of type, three zero bytes, the
 * length as 32 bits big-endian, the payload.
 */
export const frameType = {
  /** Input of the program, from the client; an empty frame is the end of the input. */
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** JSON: a `RunEvent` from the daemon or a `RunControl` from the client. */
  control: 3,
} as const;

/** Body of `POST /tbox/run`. */
export interface RunRequest {
  name?: string;
  platform?: string;
  pull: "always" | "missing" | "never";
  /** Whether the exchange ends after the start, without attaching. */
  detach: boolean;
  /** Body of `POST /containers/create`. */
  container: Record<string, unknown>;
  /** Tar archive in base64 that is unpacked in the container before the start. */
  archive?: string;
}

/** A control frame of the daemon. */
export type RunEvent =
  | { event: "progress"; progress: TransferLine }
  | { event: "created"; id: string; warnings: string[] }
  | { event: "started" }
  /** Follows the last byte of output; with AutoRemove it follows the removal. */
  | { event: "exited"; code: number }
  | RunFailure;

/** The last control frame of a run that failed. */
export interface RunFailure {
  event: "error";
  /** HTTP status of the error. */
  status: number;
  code: RunErrorCode;
  message: string;
  /** Exit status of `docker run`: 125, 126 or 127. */
  exitCode: number;
}

/** `missing-image` means that the image is not in the store and the request forbids a pull. */
export type RunErrorCode = ErrorCode | "missing-image";

/** A control frame of the client. */
export type RunControl =
  | { control: "resize"; columns: number; rows: number }
  /** `signal` is a name (`INT`) or a number. */
  | { control: "signal"; signal: string };
