import { parseDuration } from "#support/time/duration.ts";

/**
 * Parses a point in time to seconds since the epoch, with up to nine decimals. The text is a duration before `now`, a
 * number of seconds, or a date with an optional time, which is local unless it names a zone.
 */
export function parseTimestamp(text: string, now: number): string {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return text;
  const ago = parseDuration(text);
  if (ago !== undefined) return (now / 1000 - ago).toFixed(3);
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}(?::\d{2}){0,2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?$/.exec(
    text,
  );
  const [, date = "", time = "00", fraction, zone = ""] = match ?? [];
  const full = time.split(":").concat("00", "00").slice(0, 3).join(":");
  const seconds = Date.parse(`${date}T${full}${zone}`) / 1000;
  if (match === null || Number.isNaN(seconds)) throw new Error(`invalid time '${text}'`);
  return fraction === undefined ? String(seconds) : `${seconds}.${fraction}`;
}

/** Formats a time as Go does, in the local zone: `2026-01-31 12:00:00 +0000 UTC`. */
export function goTime(milliseconds: number): string {
  const time = new Date(milliseconds);
  const offset = -time.getTimezoneOffset();
  const local = new Date(milliseconds + offset * 60_000).toISOString();
  const zone = `${offset < 0 ? "-" : "+"}${twoDigits(Math.abs(offset) / 60)}${twoDigits(Math.abs(offset) % 60)}`;
  const name = zoneName(time, offset);
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${zone} ${name ?? zone}`;
}

/** Cached zone names by offset, because `toLocaleTimeString` is slow. */
const zoneNames = new Map<number, string | undefined>();

function zoneName(time: Date, offset: number): string | undefined {
  if (!zoneNames.has(offset)) {
    const text = time.toLocaleTimeString("en-US", { timeZoneName: "short" });
    zoneNames.set(offset, /\(?([A-Z]{2,5})\)?$/.exec(text)?.[1]);
  }
  return zoneNames.get(offset);
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}
