import { setTimeout } from "node:timers/promises";
import { TboxError } from "#support/errors.ts";

/** Waits between attempts, in milliseconds. The number of attempts is one more than the number of waits. */
const waits = [250, 1000, 3000, 8000];

/** Longest wait that a server can demand, in milliseconds. */
const longestWait = 60_000;

interface TemporaryFailureOptions {
  cause?: unknown;
  /** Status of the answer, if there was one. */
  status?: number;
  /** Wait that the server demands, in milliseconds. */
  after?: number | undefined;
}

/** A failure after which a retry can succeed. */
export class TemporaryFailure extends TboxError {
  readonly status: number | undefined;
  readonly after: number | undefined;

  constructor(message: string, options: TemporaryFailureOptions = {}) {
    super("unavailable", message, options);
    this.status = options.status;
    this.after = options.after;
  }
}

/** Returns whether the failure is temporary and the server does not demand a wait longer than the limit. */
export function isRetryable(error: unknown): error is TemporaryFailure {
  return error instanceof TemporaryFailure && (error.after ?? 0) <= longestWait;
}

/** Repeats an attempt after temporary failures, a bounded number of times. */
export async function retrying<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (const wait of waits) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRetryable(error)) throw error;
      await pause(error.after ?? wait, signal);
    }
  }
  return attempt();
}

/** Parses `Retry-After` (seconds or a date) into milliseconds (RFC 9110, section 10.2.3). */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Waits; if the signal aborts, rejects with its reason. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
