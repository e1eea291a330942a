import { type ErrorCode, TboxError } from "#support/errors.ts";
import type { Failure } from "../protocol/failure.ts";

/** A failed step of the helper. */
export class FailureError extends TboxError {
  readonly failure: Failure;
  /** Number of the kernel's error, if a system call failed. */
  readonly errno: number | undefined;

  constructor(failure: Failure) {
    super(codes[failure.kind], failure.message);
    this.name = "FailureError";
    this.failure = failure;
    this.errno = failure.errno;
  }
}

/** Returns the errno name that an error of the addon or of Bun carries. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const codes: Record<Failure["kind"], ErrorCode> = {
  "command-not-found": "invalid-argument",
  "command-not-executable": "invalid-argument",
  "invalid-argument": "invalid-argument",
  "invalid-image": "invalid-argument",
  "digest-mismatch": "invalid-argument",
  "unmapped-id": "invalid-argument",
  "not-found": "not-found",
  "not-running": "conflict",
  exhausted: "internal",
  system: "internal",
};
