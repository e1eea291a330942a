import { invalidArgument, TboxError } from "#support/errors.ts";

/** Log drivers of `--log-driver`, in the order of `docker info`. */
export const logDrivers = ["fluentd", "journald", "json-file", "local", "none", "syslog"] as const;

export type LogDriver = (typeof logDrivers)[number];

/** Drivers of Docker that tbox does not have. */
const otherDrivers = new Set(["awslogs", "etwlogs", "gcplogs", "gelf", "logentries", "splunk"]);

const switchText = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
const any = /^/;

/** Options of every driver, with the format of their values. They have no effect: output always waits for the log. */
const commonOptions: Record<string, RegExp> = {
  mode: any,
  "max-buffer-size": /^\d+(\.\d+)?\s*[kmgt]?i?b?$/i,
};

/** Options of drivers whose records have attributes. */
const attributeOptions: Record<string, RegExp> = {
  env: any,
  "env-regex": any,
  labels: any,
  "labels-regex": any,
  tag: any,
};

/** Options of drivers that keep the log in the store. Files are never compressed. */
const fileOptions: Record<string, RegExp> = { "max-size": any, "max-file": any, compress: switchText };

/** Options for the local copy of drivers with a receiver, as in Docker. */
const cacheOptions: Record<string, RegExp> = {
  "cache-disabled": /^(0|f|F|FALSE|false|False)$/,
  "cache-max-size": any,
  "cache-max-file": any,
  "cache-compress": switchText,
};

const options: Record<LogDriver, Record<string, RegExp>> = {
  "json-file": { ...fileOptions, ...attributeOptions },
  local: fileOptions,
  none: {},
  journald: { ...cacheOptions, ...attributeOptions },
  syslog: {
    ...cacheOptions,
    ...attributeOptions,
    "syslog-address": /^(unix|unixgram|udp|tcp|tcp\+tls):\/\/./,
    "syslog-facility": /^(\d{1,2}|[a-z]+[0-7]?)$/,
    "syslog-format": /^(rfc3164|rfc5424|rfc5424micro)$/,
    "syslog-tls-ca-cert": any,
    "syslog-tls-cert": any,
    "syslog-tls-key": any,
    "syslog-tls-skip-verify": any,
  },
  fluentd: {
    ...cacheOptions,
    ...attributeOptions,
    "fluentd-address": any,
    // tbox always connects in the background, and repeats until the receiver answers.
    "fluentd-async": switchText,
    "fluentd-async-connect": switchText,
    "fluentd-async-reconnect-interval": any,
    "fluentd-buffer-limit": any,
    "fluentd-max-retries": any,
    "fluentd-retry-wait": any,
    "fluentd-write-timeout": any,
    "fluentd-request-ack": /^(0|f|F|FALSE|false|False)$/,
    "fluentd-sub-second-precision": switchText,
  },
};

/** Returns the driver of a name. Throws not-implemented for another one of Docker's, invalid-argument for an unknown one. */
export function parseDriver(name: string): LogDriver {
  const found = logDrivers.find((driver) => driver === name);
  if (name === "" || found !== undefined) return found ?? "json-file";
  if (otherDrivers.has(name)) {
    throw new TboxError(
      "not-implemented",
      `log driver '${name}' is not supported: use journald, syslog, fluentd, local or json-file`,
    );
  }
  throw invalidArgument(`logger: no log driver named '${name}' is registered`);
}

/** Throws invalid-argument, with Docker's message, for an option that the driver does not have. */
export function checkLogOptions(driver: LogDriver, given: Record<string, string>): void {
  // As in Docker, `none` accepts and ignores every option.
  if (driver === "none" || isEmpty(given)) return;
  checkMode(given);
  const known: Record<string, RegExp> = { ...commonOptions, ...options[driver] };
  for (const [name, value] of Object.entries(given)) {
    const form = Object.hasOwn(known, name) ? known[name] : undefined;
    if (form === undefined) {
      const where = driver === "local" ? "log driver local" : `${driver} log driver`;
      throw invalidArgument(`unknown log opt '${name}' for ${where}`);
    }
    if (!form.test(value))
      throw invalidArgument(`invalid value ${JSON.stringify(value)} of log opt '${name}'`);
  }
}

function isEmpty(given: object): boolean {
  for (const _ in given) return false;
  return true;
}

/** Throws, with Docker's message, for an unknown mode and for a buffer size in a mode without a buffer. */
function checkMode({ mode = "", "max-buffer-size": buffer }: Record<string, string>): void {
  if (!["", "blocking", "non-blocking"].includes(mode)) {
    throw invalidArgument(`logger: logging mode not supported: ${mode}`);
  }
  if (buffer !== undefined && mode !== "non-blocking") {
    throw invalidArgument("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
}
