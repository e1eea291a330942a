import { type IncomingHttpHeaders, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { describeError } from "../answers/error-response.ts";
import { commonHeaders } from "../http/common-headers.ts";
import { dropInput } from "./join.ts";

/** The answer that hands a connection over to a stream. */
export function upgradedHead(mediaType?: string): string {
  const type = mediaType === undefined ? "" : `Content-Type: ${mediaType}\r\n`;
  return `HTTP/1.1 101 UPGRADED\r\n${type}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
}

/** Milliseconds in which a client that waits for an answer has read it. */
const headTime = 20;

/**
 * Docker's client for Python reads the head of the answer with whatever is there by then, and loses what was
 * not the head: for it the stream begins a moment later.
 */
export async function headRead({ "user-agent": agent = "" }: IncomingHttpHeaders): Promise<void> {
  if (agent.startsWith("docker-sdk-python/")) await Bun.sleep(headTime);
}

/** Docker's error response on a connection that will not be handed over. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, message } = describeError(error);
  const body = `${JSON.stringify({ message })}\n`;
  const headers = {
    ...commonHeaders,
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
  socket.end();
  dropInput(socket);
}
