import type { LaunchRequest } from "#native/protocol/launch.ts";
import { invalidArgument } from "#support/errors.ts";
import { checkLogOptions, type LogDriver, parseDriver } from "../logging/log-drivers.ts";
import { checkSyslog } from "../logging/syslog.ts";
import type { HostConfig } from "./create-request.ts";

type Log = LaunchRequest["log"];

const mebibyte = 1024 * 1024;

/** Size and number of the files in the store: 30 MiB by default, and Docker's values for `local` and for copies. */
const defaults: Record<Exclude<LogDriver, "none">, { maxSize: number; maxFile: number }> = {
  "json-file": { maxSize: 10 * mebibyte, maxFile: 3 },
  local: { maxSize: 20 * mebibyte, maxFile: 5 },
  journald: { maxSize: 20 * mebibyte, maxFile: 5 },
  syslog: { maxSize: 20 * mebibyte, maxFile: 5 },
  fluentd: { maxSize: 20 * mebibyte, maxFile: 5 },
};

/**
 * Plans the log in the store from `--log-driver` and `--log-opt`. Every driver except `none` has one. Rotated files are not
 * compressed, and the program always waits for its output to be written.
 */
export function planLog(config: HostConfig["LogConfig"]): Log {
  const driver = parseDriver(config?.Type ?? "");
  const options = config?.Config ?? {};
  checkLogOptions(driver, options);
  if (driver === "none") return { type: "none" };
  if (driver === "syslog") checkSyslog(options);
  const size = options["max-size"] ?? options["cache-max-size"];
  const count = options["max-file"] ?? options["cache-max-file"];
  return {
    type: "json-file",
    ...defaults[driver],
    ...(size === undefined ? {} : { maxSize: parseSize(size) }),
    ...(count === undefined ? {} : { maxFile: parseCount(count) }),
  };
}

/** Parses a size such as `10m` into bytes. `-1` means no limit and is 0. */
function parseSize(text: string): number {
  if (text === "-1") return 0;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(text) ?? [];
  const factor = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[unit.toLowerCase()];
  const size = Math.floor(Number(number) * (factor ?? Number.NaN));
  if (size > 0) return size;
  throw invalidArgument(`invalid max-size ${JSON.stringify(text)}`);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw invalidArgument(`invalid max-file ${JSON.stringify(text)}`);
}
