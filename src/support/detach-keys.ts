const controls = "@abcdefghijklmnopqrstuvwxyz[\\]^_";

/** Parses `--detach-keys`: `ctrl-x` names and single characters, separated by commas. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(
    text.split(",").map((key) => {
      const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
      const code = control === undefined ? key.charCodeAt(0) : controls.indexOf(control);
      if (key === "" || (control === undefined && key.length !== 1) || code === -1 || code > 126) {
        throw new Error(`unknown character: '${key}'`);
      }
      return code;
    }),
  );
}

export const defaultDetachKeys = "ctrl-p,ctrl-q";

export interface DetachFilter {
  /** Returns the bytes for the program, and whether the sequence is complete. */
  feed(typed: Uint8Array): { bytes: Uint8Array; detached: boolean };
}

/** Creates a filter that holds back the start of the sequence until the next keys complete it or differ from it. */
export function createDetachFilter(keys: Uint8Array): DetachFilter {
  let matched = 0;
  return {
    feed(typed) {
      const passed: number[] = [];
      for (const byte of typed) {
        if (byte === keys[matched]) {
          matched++;
          if (matched === keys.length) return { bytes: Uint8Array.from(passed), detached: true };
          continue;
        }
        passed.push(...keys.subarray(0, matched));
        matched = byte === keys[0] && matched > 0 ? 1 : 0;
        if (matched === 0) passed.push(byte);
      }
      return { bytes: Uint8Array.from(passed), detached: false };
    },
  };
}
