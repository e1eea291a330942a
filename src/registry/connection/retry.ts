import { setTimeout } from "node:timers/promises";
import { TboxError } from "#support/errors.ts";

/** Waits between tries in milliseconds; as many tries as waits, and one. */
const waits = [250, 1000, 3000, 8000];

/** No server may make a client wait longer than this at once, in milliseconds. */
const longestWait = 60_000;

interface TemporaryFailureOptions {
  cause?: unknown;
  /** Of the answer, if there was one. */
  status?: number;
  /** How long the server asked to wait, in milliseconds. */
  after?: number | undefined;
}

/** A failure that may be over at the next try. */
export class TemporaryFailure extends TboxError {
  readonly status: number | undefined;
  readonly after: number | undefined;

  constructor(message: string, options: TemporaryFailureOptions = {}) {
    super("unavailable", message, options);
    this.status = options.status;
    this.after = options.after;
  }
}

/** Whether another try makes sense: not when the server wants to be left alone for longer than anybody waits. */
export function mayPass(error: unknown): error is TemporaryFailure {
  return error instanceof TemporaryFailure && (error.after ?? 0) <= longestWait;
}

/** Repeats what fails temporarily, a bounded number of times. */
export async function retrying<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (const wait of waits) {
    try {
      return await attempt();
    } catch (error) {
      if (!mayPass(error)) throw error;
      await pause(error.after ?? wait, signal);
    }
  }
  return attempt();
}

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, section 10.2.3). */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Waits; an abort rejects with the reason of the signal. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
