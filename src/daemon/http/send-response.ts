import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { logError } from "../log.ts";
import { commonHeaders } from "./common-headers.ts";

/**
 * Sends a response. One with `Transfer-Encoding: chunked` is sent as it comes, its head at once; any other
 * is sent whole. `headOnly` leaves the body out.
 */
export async function sendResponse(
  response: ServerResponse,
  answer: Response,
  headOnly: boolean,
): Promise<void> {
  const headers: Record<string, string> = { ...commonHeaders };
  for (const [name, value] of answer.headers) headers[name] = value;
  // Docker's client compares the whole value before it looks for an error message.
  const json = headers["content-type"]?.startsWith("application/json") === true;
  if (json) headers["content-type"] = "application/json";
  const chunked = headers["transfer-encoding"] === "chunked";
  delete headers["transfer-encoding"];
  if (!chunked) {
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 204 && answer.status !== 304) {
      headers["content-length"] = String(body.length + (json ? 1 : 0));
    }
    response.writeHead(answer.status, headers);
    response.end(headOnly ? undefined : json ? Buffer.concat([body, newline]) : body);
    return;
  }
  response.writeHead(answer.status, headers);
  response.flushHeaders();
  if (answer.body === null) response.end();
  else if (headOnly) {
    await answer.body.cancel();
    response.end();
  } else await sendBody(response, answer.body);
}

const newline = Buffer.from("\n");

/** A body that breaks off is told by a connection that breaks off. */
async function sendBody(response: ServerResponse, body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  response.once("close", () => void reader.cancel().catch(() => {}));
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (!response.write(value)) await writable(response);
    }
    response.end();
  } catch (error) {
    if (!response.destroyed) logError("answer broken off", error);
    response.destroy();
  }
}

/** Resolves when a stream takes more, or never will. */
export function writable(stream: Writable): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
  });
}
