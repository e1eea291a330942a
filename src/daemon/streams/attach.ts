import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { attachContainerQuery } from "#api/requests/containers.ts";
import { containerParams } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { commonHeaders } from "../answers/common-headers.ts";
import { outputFraming, outputMediaType } from "../answers/containers/output-format.ts";
import { streamErrorResponse } from "../answers/error-response.ts";
import type { Exchange } from "../http/adapter.ts";
import { hasBody } from "../http/request-body.ts";
import { sendResponse } from "../http/send-response.ts";
import { decodePathPart, parseQuery, type Target } from "../http/target.ts";
import type { ApiTarget } from "../requests/api-target.ts";
import { parseKeys } from "./detach.ts";
import { dropInput, joinStreams } from "./join.ts";
import { sendUpgradedHead } from "./upgrade-response.ts";

const path = /^\/containers\/([^/]+)\/attach$/;

/** Reports whether a request is `POST /containers/{id}/attach`. */
export function isAttach(method: string | undefined, target: string): boolean {
  return method === "POST" && path.test(target);
}

/** Attaches a client that upgraded its connection: the connection carries input and output. */
export async function attachUpgraded(
  containers: Pick<Containers, "queries" | "streams">,
  target: ApiTarget,
  headers: IncomingHttpHeaders,
  socket: Duplex,
): Promise<void> {
  const attachment = await openAttachment(containers, nameIn(target), target.search);
  const { stream, mediaType, stdin, ...detaching } = attachment;
  await sendUpgradedHead(socket, headers, mediaType(target.version));
  joinStreams({ output: socket, ...(stdin ? { input: socket, ...detaching } : {}) }, stream);
  if (!stdin) dropInput(socket);
  else stream.once("close", () => dropInput(socket));
}

/**
 * Attaches a client that did not ask for an upgrade: the response's body is the output and lasts until the connection
 * closes; the request's body is the input.
 */
export async function attachPlain(
  containers: Pick<Containers, "queries" | "streams">,
  { request, response, target }: Exchange,
): Promise<void> {
  const opened = await openAttachment(containers, nameIn(target), target.search).catch(streamErrorResponse);
  if (opened instanceof Response) {
    return await sendResponse(response, opened, { headers: commonHeaders, headOnly: false });
  }
  const { stream, mediaType, stdin, ...detaching } = opened;
  // The body has neither a length nor chunks.
  response.removeHeader("transfer-encoding");
  response.shouldKeepAlive = false;
  response.writeHead(200, { ...commonHeaders, "Content-Type": mediaType(0), Connection: "close" });
  response.flushHeaders();
  // A request without a body leaves the program's input open; an empty body ends the input.
  const input = stdin && hasBody(request) ? { input: request, ...detaching } : {};
  joinStreams({ output: response, ...input }, stream);
}

function nameIn({ path: target }: Target): string {
  return path.exec(target)?.[1] ?? "";
}

/**
 * Attaches to a container as a query requests. `framing` defaults to raw for a container with a terminal and to
 * multiplexed for any other.
 */
export async function openAttachment(
  containers: Pick<Containers, "queries" | "streams">,
  encoded: string,
  search: string,
  framing?: "raw",
) {
  const { id } = containerParams.parse({ id: decodePathPart(encoded) });
  const query = attachContainerQuery.parse(parseQuery(search));
  const { stdin = false, stdout = false, stderr = false, logs = false, stream = false } = query;
  const tty = containers.queries.get(id).config.Tty === true;
  const keys = parseKeys(query.detachKeys);
  const options = { stdin, stdout, stderr, logs, stream, framing: framing ?? outputFraming(tty) };
  return {
    detachKeys: tty ? keys : undefined,
    onDetach: () => containers.streams.reportDetach(id),
    stdin: stdin && stream,
    stream: await containers.streams.attach(id, options),
    mediaType: (version: number) => outputMediaType(tty, version),
  };
}
