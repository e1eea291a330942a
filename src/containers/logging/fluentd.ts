import { connect } from "node:net";
import { invalidArgument } from "#support/errors.ts";
import type { LogRecord } from "../streams/logs.ts";
import { type LoggedContainer, logAttributes, logTag } from "./log-attributes.ts";
import type { LogSink } from "./log-sink.ts";
import { streamSink } from "./stream-sink.ts";

/** Connects to the receiver of the driver `fluentd`. */
export function fluentdSink(container: LoggedContainer): Promise<LogSink> {
  const options = container.hostConfig.LogConfig?.Config ?? {};
  const attributes = logAttributes(container);
  const tag = logTag(container);
  const precise = /^(1|t)/i.test(options["fluentd-sub-second-precision"] ?? "");
  const encode = ({ stream, text, time }: LogRecord) => {
    const fields = {
      container_id: container.id,
      container_name: `/${container.name}`,
      source: stream,
      log: text.replace(/\n$/, ""),
      ...attributes,
      ...(text.endsWith("\n") ? {} : { partial_message: "true" }),
    };
    return encodeMessage(tag, time, { precise, fields });
  };
  return streamSink(connect(fluentdAddress(options["fluentd-address"])), "connect", encode);
}

/** Parses `fluentd-address`: `host:port`, `tcp://host:port` or `unix:///path`. */
export function fluentdAddress(address = ""): { path: string } | { host: string; port: number } {
  if (address.startsWith("unix://")) return { path: address.slice("unix://".length) };
  const rest = address.replace(/^tcp:\/\//, "");
  const [, bracketed, name, digits = "24224"] = /^(?:\[([^\]]+)\]|([^:/]*))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = bracketed ?? name;
  if (host === undefined)
    throw invalidArgument(`invalid fluentd-address ${address}: use host:port or unix:///path`);
  return { host: host || "127.0.0.1", port: Number(digits) };
}

interface Message {
  /** Whether the time has nanoseconds. */
  precise: boolean;
  fields: Record<string, string>;
}

/** Encodes a message of fluentd's forward protocol in MessagePack: `[tag, time, fields]`. */
export function encodeMessage(tag: string, time: string, { precise, fields }: Message): Uint8Array {
  const entries = Object.entries(fields);
  const map = Buffer.from([0xde, entries.length >> 8, entries.length & 0xff]);
  const texts = entries.flatMap(([name, value]) => [encodeText(name), encodeText(value)]);
  return Buffer.concat([Buffer.from([0x93]), encodeText(tag), encodeTime(time, precise), map, ...texts]);
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.from([0xdb, 0, 0, 0, 0]);
  head.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}

/** Encodes a time as unsigned seconds, or as fluentd's EventTime with nanoseconds. */
function encodeTime(time: string, precise: boolean): Buffer {
  const seconds = Math.floor(Date.parse(time) / 1000);
  const nanoseconds = Number((/\.(\d+)/.exec(time)?.[1] ?? "0").padEnd(9, "0"));
  const bytes = Buffer.from(precise ? [0xd7, 0x00, 0, 0, 0, 0, 0, 0, 0, 0] : [0xce, 0, 0, 0, 0]);
  bytes.writeUInt32BE(seconds, precise ? 2 : 1);
  if (precise) bytes.writeUInt32BE(nanoseconds, 6);
  return bytes;
}
