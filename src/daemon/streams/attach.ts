import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { attachContainerQuery } from "#api/requests/containers.ts";
import { containerParams } from "#api/schema/names.ts";
import type { Containers } from "#containers/containers.ts";
import { outputFraming, outputMediaType } from "../answers/output.ts";
import type { Exchange } from "../http/adapter.ts";
import { commonHeaders } from "../http/common-headers.ts";
import { hasBody } from "../http/request-body.ts";
import { decodePathPart, parseQuery, type Target } from "../http/target.ts";
import { detachKeysOf } from "./detach.ts";
import { dropInput, joinStreams } from "./join.ts";
import { headRead, upgradedHead } from "./upgrade-response.ts";

const path = /^\/containers\/([^/]+)\/attach$/;

export function isAttach(method: string | undefined, target: string): boolean {
  return method === "POST" && path.test(target);
}

/** `POST /containers/{id}/attach` of a client that asked for the connection. */
export async function attachUpgraded(
  containers: Pick<Containers, "queries" | "streams">,
  target: Target,
  headers: IncomingHttpHeaders,
  socket: Duplex,
): Promise<void> {
  const { stream, mediaType, stdin, detachKeys } = await openAttachment(
    containers,
    nameIn(target),
    target.search,
  );
  socket.write(upgradedHead(mediaType(target.version)));
  await headRead(headers);
  joinStreams({ output: socket, ...(stdin ? { input: socket, detachKeys } : {}) }, stream);
  if (!stdin) dropInput(socket);
  else stream.once("close", () => dropInput(socket));
}

/**
 * `POST /containers/{id}/attach` of a client that did not: the answer's body is the output until the
 * connection ends, the request's body is the input.
 */
export async function attachPlain(
  containers: Pick<Containers, "queries" | "streams">,
  { request, response, target }: Exchange,
): Promise<void> {
  const { stream, mediaType, stdin, detachKeys } = await openAttachment(
    containers,
    nameIn(target),
    target.search,
  );
  // Neither a length nor chunks: the bytes are those of the stream.
  response.removeHeader("transfer-encoding");
  response.shouldKeepAlive = false;
  response.writeHead(200, { ...commonHeaders, "Content-Type": mediaType(0), Connection: "close" });
  response.flushHeaders();
  // Without a body there is no input, which is not the same as its end.
  const input = stdin && hasBody(request) ? { input: request, detachKeys } : {};
  joinStreams({ output: response, ...input }, stream);
}

function nameIn({ path: target }: Target): string {
  return path.exec(target)?.[1] ?? "";
}

/** Connects to a container as a query asks; frames unless there is a terminal or `raw` is asked for. */
export async function openAttachment(
  containers: Pick<Containers, "queries" | "streams">,
  encoded: string,
  search: string,
  wanted?: "raw",
) {
  const { id } = containerParams.parse({ id: decodePathPart(encoded) });
  const {
    stdin = false,
    stdout = false,
    stderr = false,
    logs = false,
    stream = false,
    detachKeys,
  } = attachContainerQuery.parse(parseQuery(search));
  const tty = containers.queries.get(id).config.Tty === true;
  const framing = wanted ?? outputFraming(tty);
  return {
    detachKeys: tty ? detachKeysOf(detachKeys) : undefined,
    stdin: stdin && stream,
    stream: await containers.streams.attach(id, { stdin, stdout, stderr, logs, stream, framing }),
    mediaType: (version: number) => outputMediaType(tty, version),
  };
}
