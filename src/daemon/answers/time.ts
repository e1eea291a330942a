/** Docker's value for a time that never happened. */
export const never = "0001-01-01T00:00:00Z";

/** Returns the seconds since the epoch of an RFC 3339 time; 0 for `never` and for invalid text. */
export function unixSeconds(time: string): number {
  if (time === never) return 0;
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}
