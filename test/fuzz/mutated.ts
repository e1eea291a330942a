import fc from "fast-check";

/** Milliseconds of each target: short in the suite, minutes in `npm run endure`. */
const interruptAfterTimeLimit = Number(process.env.TBOX_TEST_FUZZ_MS ?? 300);
/** Time limit of a test with one target, in milliseconds. */
export const timeout = interruptAfterTimeLimit + 60_000;
export const parameters = { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit };

/** Inputs that reach deep into a parser: entries of a corpus, cut, joined and changed in a few bytes. */
export function mutated(corpus: Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const seed = fc.constantFrom(...corpus);
  const change = fc.record({ at: fc.nat(), kind: fc.nat(4), byte: fc.nat(255), length: fc.nat(64) });
  return fc
    .record({ first: seed, second: seed, cut: fc.nat(), changes: fc.array(change, { maxLength: 8 }) })
    .map(({ first, second, cut, changes }) => {
      const bytes = [...first.subarray(0, cut % (first.length + 1)), ...second];
      for (const { at, kind, byte, length } of changes) {
        const place = at % (bytes.length + 1);
        if (kind === 0) bytes.splice(place, length);
        else if (kind === 1) bytes.splice(place, 0, byte);
        else if (kind === 2) bytes.splice(place, 0, ...bytes.slice(place, place + length));
        else bytes[place] = byte;
      }
      return Uint8Array.from(bytes.slice(0, 4096));
    });
}

export const bytesOf = (text: string) => new TextEncoder().encode(text);
