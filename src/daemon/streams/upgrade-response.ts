import { type IncomingHttpHeaders, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { sendHead } from "#containers/streams/send-head.ts";
import { commonHeaders } from "../answers/common-headers.ts";
import { isJsonType } from "../http/request-body.ts";
import { dropInput } from "./join.ts";

/** Returns the response head that turns a connection into a stream. */
export function upgradedHead(mediaType?: string): string {
  const type = mediaType === undefined ? "" : `Content-Type: ${mediaType}\r\n`;
  return `HTTP/1.1 101 UPGRADED\r\n${type}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
}

/**
 * User agents of clients that read bytes behind the head: those in Go, and those without a name, such as tbox and dockerode.
 * Programs that use Docker's client for Python, which drops these bytes, have many names.
 */
const carefulClients = /^$|^(Docker-Client|Go-http-client|buildx|compose)\//;

/** Sends the head. The stream may begin when the result resolves. */
export async function sendUpgradedHead(
  socket: Duplex,
  { "user-agent": agent = "" }: IncomingHttpHeaders,
  mediaType: string,
): Promise<void> {
  const head = upgradedHead(mediaType);
  if (carefulClients.test(agent)) socket.write(head);
  else await sendHead(socket, head);
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
