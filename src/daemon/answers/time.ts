/** What Docker writes for a time that never was. */
export const never = "0001-01-01T00:00:00Z";

/** Seconds since the epoch of an RFC 3339 time; 0 when it never was. */
export function unixSeconds(time: string): number {
  if (time === never) return 0;
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

/** A length of time as Docker's clients show it: `3 minutes`, `About an hour`. */
export function approximateDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds < 60) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes === 1 ? "About a minute" : `${minutes} minutes`;
  const rounded = Math.floor(seconds / 3600 + 0.5);
  if (rounded === 1) return "About an hour";
  if (rounded < 48) return `${rounded} hours`;
  const days = Math.floor(rounded / 24);
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.floor(days / 7)} weeks`;
  return days < 730 ? `${Math.floor(days / 30)} months` : `${Math.floor(days / 365)} years`;
}
