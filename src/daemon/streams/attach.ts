import type { IncomingMessage, ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { attachContainerQuery } from "#api/containers.ts";
import { containerParams } from "#api/names.ts";
import type { Containers } from "#containers/containers.ts";
import { errorResponse } from "../error-response.ts";
import { checkTarget } from "../http/adapter.ts";
import { commonHeaders } from "../http/common-headers.ts";
import { hasBody } from "../http/request-body.ts";
import { sendResponse } from "../http/send-response.ts";
import type { Target } from "../http/target.ts";
import { outputFraming, outputMediaType } from "../shape/output.ts";
import { joinStreams } from "./join.ts";
import { upgradedHead } from "./upgrade-response.ts";

const path = /^\/containers\/([^/]+)\/attach$/;

export function isAttach(method: string | undefined, target: string): boolean {
  return method === "POST" && path.test(target);
}

/** `POST /containers/{id}/attach` of a client that asked for the connection. */
export async function attachUpgraded(containers: Containers, target: Target, socket: Duplex): Promise<void> {
  const { stream, mediaType, stdin } = await openAttachment(containers, target);
  socket.write(upgradedHead(mediaType(target.version)));
  joinStreams(socket, stream, stdin);
}

/**
 * `POST /containers/{id}/attach` of a client that did not: the answer's body is the output until the
 * connection ends, the request's body is the input.
 */
export async function attachPlain(
  containers: Containers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { stream, mediaType, stdin } = await openAttachment(containers, checkTarget(request));
    // Neither a length nor chunks: the bytes are those of the stream.
    response.removeHeader("transfer-encoding");
    response.shouldKeepAlive = false;
    response.writeHead(200, { ...commonHeaders, "Content-Type": mediaType(0), Connection: "close" });
    response.flushHeaders();
    // Without a body there is no input, which is not the same as its end.
    joinStreams(Duplex.from({ readable: request, writable: response }), stream, stdin && hasBody(request));
  } catch (error) {
    await sendResponse(response, errorResponse(error), false);
  }
}

async function openAttachment(containers: Containers, { path: target, search }: Target) {
  const encoded = path.exec(target)?.[1] ?? "";
  const { id } = containerParams.parse({ id: decode(encoded) });
  const query = Object.fromEntries(new URLSearchParams(search));
  const { stdin = false, stdout = false, stderr = false, logs = false, stream = false } =
    attachContainerQuery.parse(query);
  const tty = containers.get(id).config.Tty === true;
  const framing = outputFraming(tty);
  return {
    stdin: stdin && stream,
    stream: await containers.attach(id, { stdin, stdout, stderr, logs, stream, framing }),
    mediaType: (version: number) => outputMediaType(tty, version),
  };
}
