import { constants } from "node:os";
import { invalidArgument, type TboxError } from "#support/errors.ts";

/** Number of SIGKILL. */
export const sigkill = 9;

const realTimeMinimum = 34;
const realTimeMaximum = 64;

/** Other names of signals. */
const aliases: Record<string, string> = { CLD: "CHLD", IOT: "ABRT", POLL: "IO" };

/** Parses a signal into its number on Linux: `TERM`, `SIGTERM`, `15`, `RTMIN+3`, `RTMAX-1`. */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= realTimeMaximum) return number;
    throw invalid(text);
  }
  const given = text.toUpperCase().replace(/^SIG/, "");
  const name = Object.hasOwn(aliases, given) ? (aliases[given] ?? given) : given;
  const named = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (named !== undefined) return named;
  const [, edge, offset] = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name) ?? [];
  if (edge === undefined) throw invalid(text);
  const number = (edge === "MIN" ? realTimeMinimum : realTimeMaximum) + Number(offset ?? 0);
  if (number < realTimeMinimum || number > realTimeMaximum) throw invalid(text);
  return number;
}

function invalid(text: string): TboxError {
  return invalidArgument(`invalid signal: ${text}`);
}
