/** What was read from and written to a block device. */
export interface BlockTraffic {
  major: number;
  minor: number;
  readBytes: number;
  writtenBytes: number;
  reads: number;
  writes: number;
}

/** How much time was lost to waiting: percentages of the last 10, 60 and 300 seconds, and microseconds in all. */
export type Pressure = Record<string, { avg10: number; avg60: number; avg300: number; total: number }>;

/** Lines of a name and a number. */
export function fieldsOf(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .split("\n")
      .map((line) => line.split(" "))
      .flatMap(([name = "", value]) => (value === undefined ? [] : [[name, Number(value)]])),
  );
}

/** A limit; nothing for `max`. */
export function limitOf(text: string): number | undefined {
  return text.trim() === "max" ? undefined : Number(text);
}

/** `io.stat`. */
export function blockTraffic(text: string): BlockTraffic[] {
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

/** `some` and, where there is such a state, `full`. */
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
