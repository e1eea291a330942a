import { sendDatagram } from "#native/addon/datagram.ts";
import type { LogRecord } from "../streams/logs.ts";
import { type LoggedContainer, logAttributes, logTag } from "./log-attributes.ts";
import type { LogSink } from "./log-sink.ts";

/** Socket of systemd's journal. */
const journal = "/run/systemd/journal/socket";

const priorities = { stdout: "6", stderr: "3" };

/** Returns a sink that writes to the journal, with the fields of Docker's driver `journald`. */
export function journaldSink(container: LoggedContainer, path = journal): LogSink {
  const { id, name, image } = container;
  const attributes = Object.entries(logAttributes(container)).map(
    ([key, value]) => [fieldName(key), value] as const,
  );
  const tag = logTag(container);
  const fixed: [string, string][] = [
    ["CONTAINER_ID", id.slice(0, 12)],
    ["CONTAINER_ID_FULL", id],
    ["CONTAINER_NAME", name],
    ["CONTAINER_TAG", tag],
    ["IMAGE_NAME", image],
    ["SYSLOG_IDENTIFIER", tag],
    ...attributes.filter((pair): pair is [string, string] => pair[0] !== ""),
  ];
  return {
    send: (record) => sendDatagram(path, encodeFields([...fixed, ...fieldsOf(record)])),
    [Symbol.dispose]() {},
  };
}

function fieldsOf({ stream, text, time }: LogRecord): [string, string][] {
  const partial: [string, string][] = text.endsWith("\n") ? [] : [["CONTAINER_PARTIAL_MESSAGE", "true"]];
  return [
    ["PRIORITY", priorities[stream]],
    ["SYSLOG_TIMESTAMP", time],
    ["MESSAGE", text.replace(/\n$/, "")],
    ...partial,
  ];
}

/** Encodes fields in the journal's native protocol: a value with a newline follows its length. */
export function encodeFields(fields: readonly (readonly [string, string])[]): Uint8Array {
  const parts = fields.map(([name, value]) => {
    if (!value.includes("\n")) return Buffer.from(`${name}=${value}\n`);
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.byteLength));
    return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from("\n")]);
  });
  return Buffer.concat(parts);
}

/** Returns a name that the journal accepts: upper case letters, digits and underscores, no underscore first. */
function fieldName(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, "_")
    .replace(/^_+/, "");
}
