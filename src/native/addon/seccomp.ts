import { invalidArgument } from "#support/errors.ts";
import type { Seccomp } from "../protocol/launch.ts";
import { addon } from "./addon.ts";
import { errnoOf } from "./failure.ts";

/** Maximum number of kept profiles. */
const mostKept = 64;

/** Compiled profiles by their text and the container's capabilities, the last used last. */
const kept = new Map<string, Seccomp>();

/**
 * Returns the filter of a profile in Docker's or Podman's JSON format for a container with these capabilities. Throws
 * invalid-argument with the line or the field. A profile is compiled once, so starts do not wait for it.
 */
export function compileSeccomp(profile: string, capabilities: string[]): Seccomp {
  const key = `${capabilities.toSorted().join()} ${profile}`;
  const filter = kept.get(key) ?? compile(profile, capabilities);
  kept.delete(key);
  kept.set(key, filter);
  const [oldest] = kept.keys();
  if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  return filter;
}

function compile(profile: string, capabilities: string[]): Seccomp {
  try {
    const filter = addon().compileSeccomp(profile, capabilities);
    if (filter === null) return "unconfined";
    return { filter: { program: Buffer.from(filter.program).toString("base64"), flags: filter.flags } };
  } catch (error) {
    if (errnoOf(error) !== "EINVAL" || !(error instanceof Error)) throw error;
    throw invalidArgument(error.message);
  }
}
