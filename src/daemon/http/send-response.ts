import type { ServerResponse } from "node:http";
import { openLog } from "#support/log.ts";
import { writable } from "#support/streams.ts";

const log = openLog("api");
const newline = Buffer.from("\n");

export interface SendOptions {
  /** Headers besides those of the response itself. */
  headers: Record<string, string>;
  /** Leaves the body out. */
  headOnly: boolean;
}

/**
 * Sends a response. A response with `Transfer-Encoding: chunked` is streamed and its head is sent at once; any other
 * response is sent whole.
 */
export async function sendResponse(
  response: ServerResponse,
  answer: Response,
  { headers: common, headOnly }: SendOptions,
): Promise<void> {
  const type = answer.headers.get("content-type");
  const json = type?.startsWith("application/json") === true;
  const chunked = answer.headers.get("transfer-encoding") === "chunked";
  const headers: Record<string, string> = { ...common };
  for (const [name, value] of answer.headers) {
    if (name !== "transfer-encoding") headers[canonicalName(name)] = value;
  }
  // Docker's client compares the whole media type before it looks for an error message.
  if (json) headers["Content-Type"] = "application/json";
  if (!chunked) {
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 204 && answer.status !== 304) {
      headers["Content-Length"] = String(body.length + (json ? 1 : 0));
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

/** Returns the name of a header as Docker spells it, for scripts that search the head for it. */
function canonicalName(name: string): string {
  const known = canonicalNames.get(name);
  if (known !== undefined) return known;
  const canonical = name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
  canonicalNames.set(name, canonical);
  return canonical;
}

/** Canonical names by the names of the daemon's own headers, which are few. */
const canonicalNames = new Map<string, string>();

/** Sends a body. An error of the body closes the connection: the head with the status is already sent. */
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
    if (!response.destroyed) log.error("response interrupted", error);
    response.destroy();
  }
}
