import { Transform } from "node:stream";
import { createDetachFilter, defaultDetachKeys, parseDetachKeys } from "#support/detach-keys.ts";
import { invalidArgument } from "#support/errors.ts";

/** Returns the bytes of a key sequence; Docker's default for an absent one. */
export function parseKeys(keys: string | undefined): Uint8Array {
  try {
    return parseDetachKeys(keys || defaultDetachKeys);
  } catch (cause) {
    throw invalidArgument(`invalid detach keys (${keys}) provided`, cause);
  }
}

/** Passes typed bytes on until the key sequence is typed; then calls `detach` and drops the rest. */
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
