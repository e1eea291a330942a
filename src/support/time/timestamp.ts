/** Docker's timestamp for an event that has not happened. */
export const never = "0001-01-01T00:00:00Z";

/** Returns the seconds since the epoch of an RFC 3339 time; 0 for `never` and for invalid text. */
export function unixSeconds(time: string): number {
  if (time === never) return 0;
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

/** Returns the nanoseconds since the epoch of an RFC 3339 time in UTC; 0 for invalid text. */
export function unixNanoseconds(time: string): bigint {
  const [, second = "", fraction = ""] = /^(.{19})(?:\.(\d+))?/.exec(time) ?? [];
  const milliseconds = Date.parse(`${second}Z`);
  return Number.isNaN(milliseconds) ? 0n : joinNanoseconds(BigInt(milliseconds) / 1000n, fraction);
}

/** Joins whole seconds and the digits of their decimal fraction to nanoseconds. */
export function joinNanoseconds(seconds: bigint, fraction: string): bigint {
  return seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
}
