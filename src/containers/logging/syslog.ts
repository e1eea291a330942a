import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { connect, isIP } from "node:net";
import { hostname } from "node:os";
import { connect as connectTls } from "node:tls";
import { sendDatagram } from "#native/addon/datagram.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { LogRecord } from "../streams/logs.ts";
import { type LoggedContainer, logTag } from "./log-attributes.ts";
import type { LogSink } from "./log-sink.ts";
import { streamSink } from "./stream-sink.ts";

type Options = Record<string, string>;

/** Facilities by number (RFC 3164, section 4.1.1). */
const facilities = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"],
  ...["", "", "", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
];
const severities = { stdout: 6, stderr: 3 };

/** Sockets of the host's own syslog. */
const localSockets = ["/dev/log", "/var/run/syslog", "/var/run/log"];

/** Throws invalid-argument for an invalid address or facility. */
export function checkSyslog(options: Options): void {
  facilityOf(options);
  addressOf(options);
}

/** Connects to the receiver of the driver `syslog`. */
export async function syslogSink(container: LoggedContainer): Promise<LogSink> {
  const options = container.hostConfig.LogConfig?.Config ?? {};
  const format = formatter(container, options);
  const address = addressOf(options);
  if (address.kind === "unixgram") {
    const path = address.path ?? localSockets.find((candidate) => existsSync(candidate));
    if (path === undefined) throw new TboxError("unavailable", "the host has no syslog: /dev/log is missing");
    return { send: (record) => sendDatagram(path, Buffer.from(format(record))), [Symbol.dispose]() {} };
  }
  const line = (record: LogRecord) => Buffer.from(`${format(record)}\n`);
  if (address.kind === "unix") return streamSink(connect({ path: address.path }), "connect", line);
  const { host, port } = address;
  if (address.kind === "udp") return udpSink(host, port, format);
  if (address.kind === "tcp") return streamSink(connect({ host, port }), "connect", line);
  const socket = connectTls({
    host,
    port,
    ...tlsOptions(options),
    ...(isIP(host) ? {} : { servername: host }),
  });
  // RFC 5425 counts the bytes of each message.
  const counted = (record: LogRecord) => {
    const message = Buffer.from(format(record));
    return Buffer.concat([Buffer.from(`${message.byteLength} `), message]);
  };
  return streamSink(
    socket,
    "secureConnect",
    options["syslog-format"]?.startsWith("rfc5424") ? counted : line,
  );
}

function udpSink(host: string, port: number, format: (record: LogRecord) => string): LogSink {
  const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
  socket.on("error", () => {});
  socket.unref();
  return {
    send: (record) =>
      new Promise((resolve, reject) => {
        socket.send(format(record), port, host, (error) => (error ? reject(error) : resolve()));
      }),
    [Symbol.dispose]: () => socket.close(),
  };
}

/** Returns the function that formats records according to the option `syslog-format`. */
export function formatter(container: LoggedContainer, options: Options): (record: LogRecord) => string {
  const tag = logTag(container);
  const facility = facilityOf(options);
  const { "syslog-format": format } = options;
  const host = hostname();
  const { pid } = process;
  return ({ stream, text, time }) => {
    const priority = `<${facility * 8 + severities[stream]}>`;
    const message = text.replace(/\n$/, "");
    if (format === "rfc5424" || format === "rfc5424micro") {
      const at = format === "rfc5424" ? time.replace(/\.\d+/, "") : time.replace(/(\.\d{6})\d*/, "$1");
      return `${priority}1 ${at} ${host} ${tag} ${pid} ${tag} - ${message}`;
    }
    const at = shortTime(new Date(time));
    return format === "rfc3164"
      ? `${priority}${at} ${host} ${tag}[${pid}]: ${message}`
      : `${priority}${at} ${tag}[${pid}]: ${message}`;
  };
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Returns a local time as RFC 3164 writes it: `Jan  2 15:04:05`. */
function shortTime(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = String(date.getDate()).padStart(2, " ");
  return `${months[date.getMonth()]} ${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function facilityOf({ "syslog-facility": name = "daemon" }: Options): number {
  const number = /^\d+$/.test(name) ? Number(name) : name === "" ? -1 : facilities.indexOf(name);
  if (number >= 0 && number < facilities.length) return number;
  throw invalidArgument(`invalid syslog facility: ${JSON.stringify(name)}`);
}

type Address =
  | { kind: "unixgram"; path?: string }
  | { kind: "unix"; path: string }
  | { kind: "udp" | "tcp" | "tls"; host: string; port: number };

function addressOf({ "syslog-address": address }: Options): Address {
  if (address === undefined || address === "") return { kind: "unixgram" };
  const [, scheme = "", rest = ""] = /^([a-z+]+):\/\/(.*)$/.exec(address) ?? [];
  if (scheme === "unix" || scheme === "unixgram") {
    if (!rest.startsWith("/"))
      throw invalidArgument(`invalid syslog-address ${address}: the path is not absolute`);
    return { kind: scheme, path: rest };
  }
  const [, bracketed, name = "", digits = "514"] =
    /^(?:\[([^\]]+)\]|([^:/]+))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = bracketed ?? name;
  const kind = scheme === "tcp+tls" ? "tls" : scheme;
  if (host !== "" && (kind === "udp" || kind === "tcp" || kind === "tls")) {
    return { kind, host, port: Number(digits) };
  }
  throw invalidArgument(
    `invalid syslog-address ${address}: use unix://PATH, udp://HOST:PORT, tcp:// or tcp+tls://`,
  );
}

function tlsOptions(options: Options) {
  const file = (name: string) => (options[name] ? { [name]: readFileSync(options[name]) } : {});
  const files = { ...file("syslog-tls-ca-cert"), ...file("syslog-tls-cert"), ...file("syslog-tls-key") };
  return {
    ca: files["syslog-tls-ca-cert"],
    cert: files["syslog-tls-cert"],
    key: files["syslog-tls-key"],
    rejectUnauthorized: !options["syslog-tls-skip-verify"],
  };
}
