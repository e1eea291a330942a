/** What Docker writes for a time that never was. */
export const never = "0001-01-01T00:00:00Z";

/** Seconds since the epoch of an RFC 3339 time; 0 when it never was. */
export function unixSeconds(time: string): number {
  if (time === never) return 0;
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}
