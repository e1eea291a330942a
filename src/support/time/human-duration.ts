/** Formats a duration in one rounded unit, with Docker's wording: `About a minute`, `3 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.floor(days / 7)} weeks`;
  if (days < 730) return `${Math.floor(days / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}

/** Returns the milliseconds, at least one, for which the text of a growing duration does not change. */
export function untilNextText(milliseconds: number): number {
  const step = milliseconds < minute ? second : milliseconds < hour ? minute : hour / 2;
  return milliseconds < 0 ? -milliseconds : step - (milliseconds % step);
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
