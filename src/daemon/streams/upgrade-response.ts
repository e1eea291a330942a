import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { describeError } from "../error-response.ts";
import { commonHeaders } from "../http/common-headers.ts";
import { dropInput } from "./join.ts";

/** The answer that hands a connection over to a stream. */
export function upgradedHead(mediaType?: string): string {
  const type = mediaType === undefined ? "" : `Content-Type: ${mediaType}\r\n`;
  return `HTTP/1.1 101 UPGRADED\r\n${type}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
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
