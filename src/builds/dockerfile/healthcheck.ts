import { invalidArgument } from "#support/errors.ts";
import { parseNanoseconds } from "#support/time/duration.ts";
import { readFlags } from "./flags.ts";
import type { Healthcheck } from "./instruction.ts";
import type { Statement } from "./statement.ts";

/** Reads HEALTHCHECK with its command and options. */
export function readHealthcheck({ words, flags, json }: Statement): Healthcheck {
  const [type = "", ...command] = words;
  if (type === "") throw invalidArgument("HEALTHCHECK requires at least one argument");
  if (type.toUpperCase() === "NONE") {
    if (command.length > 0) throw invalidArgument("HEALTHCHECK NONE takes no arguments");
    readFlags(flags, {});
    return { Test: ["NONE"] };
  }
  const given = readFlags(flags, {
    interval: "text",
    timeout: "text",
    "start-period": "text",
    "start-interval": "text",
    retries: "text",
  });
  if (type.toUpperCase() !== "CMD") {
    throw invalidArgument(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`);
  }
  if (command.length === 0) throw invalidArgument("Missing command after HEALTHCHECK CMD");
  return {
    Test: [json ? "CMD" : "CMD-SHELL", ...command],
    ...readTime("Interval", "interval", given.interval),
    ...readTime("Timeout", "timeout", given.timeout),
    ...readTime("StartPeriod", "start-period", given["start-period"]),
    ...readTime("StartInterval", "start-interval", given["start-interval"]),
    ...readRetries(given.retries),
  };
}

function readTime(field: keyof Healthcheck, flag: string, text: string | undefined): Partial<Healthcheck> {
  if (text === undefined || text === "") return {};
  const nanoseconds = parseNanoseconds(text);
  if (nanoseconds === 0) return {};
  if (nanoseconds < 1_000_000)
    throw invalidArgument(`Interval ${JSON.stringify(flag)} cannot be less than 1ms`);
  return { [field]: nanoseconds };
}

function readRetries(text: string | undefined): Partial<Healthcheck> {
  if (text === undefined || text === "") return {};
  if (!/^[+-]?\d+$/.test(text)) throw invalidArgument(`invalid value for --retries: ${JSON.stringify(text)}`);
  const retries = Number(text);
  if (retries < 0) throw invalidArgument(`--retries cannot be negative (${retries})`);
  return retries === 0 ? {} : { Retries: retries };
}
