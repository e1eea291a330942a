/** Traffic of a block device. */
export interface BlockTraffic {
  major: number;
  minor: number;
  readBytes: number;
  writtenBytes: number;
  reads: number;
  writes: number;
}

/** Pressure stall information: percentages over the last 10, 60 and 300 seconds, and total microseconds. */
export type Pressure = Record<string, { avg10: number; avg60: number; avg300: number; total: number }>;

/** Parses lines of a name and a number. */
export function parseFields(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .split("\n")
      .map((line) => line.split(" "))
      .flatMap(([name = "", value]) => (value === undefined ? [] : [[name, Number(value)]])),
  );
}

/** Parses a limit. Returns nothing for `max`. */
export function parseLimit(text: string): number | undefined {
  return text.trim() === "max" ? undefined : Number(text);
}

/** Parses `io.stat`. */
export function parseBlockTraffic(text: string): BlockTraffic[] {
  return text.split("\n").flatMap((line) => {
    const [, major, minor, rest = ""] = /^(\d+):(\d+) (.*)$/.exec(line) ?? [];
    if (major === undefined) return [];
    const fields = assignments(rest);
    return [
      {
        major: Number(major),
        minor: Number(minor),
        readBytes: fields.rbytes ?? 0,
        writtenBytes: fields.wbytes ?? 0,
        reads: fields.rios ?? 0,
        writes: fields.wios ?? 0,
      },
    ];
  });
}

/** Parses a pressure file: `some` and, for resources that have it, `full`. */
export function parsePressure(text: string): Pressure {
  return Object.fromEntries(
    text.split("\n").flatMap((line): [string, Pressure[string]][] => {
      const [, kind, rest = ""] = /^(some|full) (.*)$/.exec(line) ?? [];
      if (kind === undefined) return [];
      const { avg10 = 0, avg60 = 0, avg300 = 0, total = 0 } = assignments(rest);
      return [[kind, { avg10, avg60, avg300, total }]];
    }),
  );
}

function assignments(text: string): Record<string, number | undefined> {
  return Object.fromEntries(text.split(" ").map((word) => [word.split("=")[0], Number(word.split("=")[1])]));
}
