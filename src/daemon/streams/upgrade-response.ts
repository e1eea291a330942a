import { type IncomingHttpHeaders, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { commonHeaders } from "../answers/common-headers.ts";
import { isJsonType } from "../http/request-body.ts";
import { dropInput } from "./join.ts";

/** Returns the response head that turns a connection into a stream. */
export function upgradedHead(mediaType?: string): string {
  const type = mediaType === undefined ? "" : `Content-Type: ${mediaType}\r\n`;
  return `HTTP/1.1 101 UPGRADED\r\n${type}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
}

/** Milliseconds in which a waiting client reads the head. */
const headTime = 20;

/**
 * Waits until Docker's client for Python has read the head. That client reads all available bytes together with the
 * head and drops those after the head, so the stream must begin a moment later.
 */
export async function awaitHeadRead({ "user-agent": agent = "" }: IncomingHttpHeaders): Promise<void> {
  if (agent.startsWith("docker-sdk-python/")) await Bun.sleep(headTime);
}

/** Sends an error response on a connection that is not upgraded, and closes it. */
export async function refuseUpgrade(socket: Duplex, answer: Response): Promise<void> {
  const text = await answer.text();
  const type = answer.headers.get("content-type") ?? "";
  const json = isJsonType(type);
  const body = json ? `${text}\n` : text;
  const headers = {
    ...commonHeaders,
    "Content-Type": json ? "application/json" : type,
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const { status } = answer;
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
  socket.end();
  dropInput(socket);
}
