import { Transform } from "node:stream";
import { createDetachFilter, defaultDetachKeys, parseDetachKeys } from "#support/detach-keys.ts";
import { invalidArgument } from "#support/errors.ts";

/** The keys that part a client from a terminal: Docker's unless others are asked for. */
export function detachKeysOf(asked: string | undefined): Uint8Array {
  try {
    return parseDetachKeys(asked || defaultDetachKeys);
  } catch (cause) {
    throw invalidArgument(`invalid detach keys (${asked}) provided`, cause);
  }
}

/** Passes on what is typed; calls `detach` when the keys were, and nothing more gets through then. */
export function watchKeys(keys: Uint8Array, detach: () => void): Transform {
  const filter = createDetachFilter(keys);
  let detached = false;
  return new Transform({
    transform(typed: Buffer, _encoding, done) {
      if (detached) return done();
      const { bytes, detached: now } = filter.feed(typed);
      if (bytes.length > 0) this.push(bytes);
      detached = now;
      done();
      if (now) detach();
    },
  });
}
