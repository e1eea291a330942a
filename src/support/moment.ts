import { invalidArgument } from "./errors.ts";

/** Milliseconds since the epoch: of a time, or of a duration ago as Go writes it (`1h30m`). */
export function momentOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    return (
      Date.now() - parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (units[unit] ?? 0), 0)
    );
  }
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw invalidArgument(`invalid filter 'until=${text}'`);
}
