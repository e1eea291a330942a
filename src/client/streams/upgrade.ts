import { TboxError } from "#support/errors.ts";
import { remoteCaller } from "../caller/remote-caller.ts";
import type { ByteSocket } from "../daemon/byte-socket.ts";
import { connectDaemon } from "../daemon/connect.ts";
import { daemonError } from "../daemon/daemon-error.ts";
import type { UpgradeRequest } from "./upgrade-request.ts";

/** Maximum number of bytes of a response head. */
const headLimit = 64 * 1024;

/** A connection on which an upgrade request was sent. */
export interface UpgradeConnection {
  socket: ByteSocket;
  /** Resolves when the connection carries the stream; rejects with the daemon's error. */
  answered: Promise<{ mediaType: string }>;
}

/** Opens a connection to the daemon, starting it when none runs, and sends an upgrade request. */
export async function openUpgrade(request: UpgradeRequest): Promise<UpgradeConnection> {
  const caller = remoteCaller();
  if (caller === undefined) {
    const socket = await connectDaemon();
    return { socket, answered: upgrade(socket, request) };
  }
  const socket = caller.upgrade(request);
  return { socket, answered: readAnswer(socket) };
}

/**
 * Sends a POST with `Upgrade: tcp` over a new connection. After status 101 the connection belongs to the caller and
 * carries the stream; any other status throws the daemon's error. Returns the stream's media type.
 */
export async function upgrade(socket: ByteSocket, request: UpgradeRequest): Promise<{ mediaType: string }> {
  await socket.write(encodeRequest(request));
  return readAnswer(socket);
}

async function readAnswer(socket: ByteSocket): Promise<{ mediaType: string }> {
  const head = await readHead(socket);
  if (head.status === 101) return { mediaType: head.fields.get("content-type") ?? "" };
  throw daemonError(head.status, await readBody(socket, head.fields));
}

/** Encodes a request. Avoids Buffer, because the runtime loads its methods at the first call. */
function encodeRequest({ target, headers, body }: UpgradeRequest): Uint8Array {
  const encoder = new TextEncoder();
  const content = encoder.encode(body === undefined ? "" : JSON.stringify(body));
  let text = `POST ${target} HTTP/1.1\r\nHost: tbox\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n`;
  text += `Content-Length: ${content.length}\r\n`;
  if (body !== undefined) text += "Content-Type: application/json\r\n";
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  const head = encoder.encode(`${text}\r\n`);
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return bytes;
}

interface Head {
  status: number;
  fields: Map<string, string>;
}

async function readHead(socket: ByteSocket): Promise<Head> {
  // latin1 has one character for each byte, so positions in the text are positions in the bytes.
  const decoder = new TextDecoder("latin1");
  let text = "";
  // The iterator stays open after the head, because the following bytes belong to the stream.
  const source = socket[Symbol.asyncIterator]();
  for (;;) {
    const next = await source.next();
    if (next.done) throw new TboxError("unavailable", "the daemon closed the connection without an answer");
    const before = text.length;
    text += decoder.decode(next.value);
    const end = text.indexOf("\r\n\r\n");
    if (end !== -1) {
      socket.unread(next.value.subarray(end + 4 - before));
      return parseHead(text.slice(0, end));
    }
    if (text.length > headLimit) throw new TboxError("internal", "the daemon's answer has an endless head");
  }
}

function parseHead(text: string): Head {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new TboxError("internal", `the daemon's answer is not HTTP: ${statusLine}`);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), fields };
}

async function readBody(socket: ByteSocket, fields: Map<string, string>): Promise<string> {
  const chunked = fields.get("transfer-encoding")?.toLowerCase() === "chunked";
  const length = chunked ? Number.NaN : Number(fields.get("content-length"));
  let bytes: Buffer = Buffer.alloc(0);
  if (length !== 0) {
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk]);
      if (chunked ? bytes.includes("0\r\n\r\n") : bytes.length >= length) break;
    }
  }
  socket.close();
  return chunked ? joinChunks(bytes) : bytes.toString();
}

function joinChunks(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.subarray(at, Math.max(at, lineEnd)).toString("latin1"), 16);
    if (lineEnd === -1 || !(size > 0)) return Buffer.concat(parts).toString();
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
