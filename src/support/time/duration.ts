import { invalidArgument } from "../errors.ts";

const unitSeconds: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Parses a Go duration (`1h30m`, `1.5s`) into seconds; returns undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const body = text.replace(/^[+-]/, "");
  if (!/^(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(body)) return body === "0" ? 0 : undefined;
  let seconds = 0;
  for (const [, amount, unit] of body.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    seconds += Number(amount) * (unitSeconds[unit ?? ""] ?? 0);
  }
  return text.startsWith("-") ? -seconds : seconds;
}

/** Parses a Go duration into nanoseconds; throws invalid-argument with Go's wording. */
export function parseNanoseconds(text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw invalidArgument(`time: invalid duration ${JSON.stringify(text)}`);
  return Math.round(seconds * 1e9);
}
