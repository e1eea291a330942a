import type { IncomingHttpHeaders } from "node:http";
import { type Duplex, PassThrough } from "node:stream";
import { execParams, startExecSchema } from "#api/requests/execs.ts";
import { parseJson } from "#api/schema/json.ts";
import { encodeFrame } from "#api/streams/frame.ts";
import { frameType } from "#api/streams/run-stream.ts";
import type { Containers } from "#containers/containers.ts";
import { execFailureMessage } from "#containers/exec/exec-failure.ts";
import type { ExecRecord } from "#containers/exec/execs.ts";
import { errorChain } from "#support/errors.ts";
import { outputMediaType } from "../answers/output.ts";
import type { Exchange } from "../http/adapter.ts";
import { commonHeaders } from "../http/common-headers.ts";
import { readSmallBody } from "../http/request-body.ts";
import { decodePathPart, type Target } from "../http/target.ts";
import { detachKeysOf } from "./detach.ts";
import { dropInput, joinStreams } from "./join.ts";
import { headRead, upgradedHead } from "./upgrade-response.ts";

const path = /^\/exec\/([^/]+)\/start$/;

export function isExecStart(method: string | undefined, target: string): boolean {
  return method === "POST" && path.test(target);
}

/** `POST /exec/{id}/start` of a client that asked for the connection. */
export async function startExecUpgraded(
  containers: Pick<Containers, "execs">,
  target: Target,
  { body, headers }: { body: Buffer; headers: IncomingHttpHeaders },
  socket: Duplex,
): Promise<void> {
  const start = parseStart(containers, target, body);
  const { record, tty, detachKeys } = start;
  // Clients read the head by itself: it is sent before there can be output.
  socket.write(upgradedHead(outputMediaType(tty, target.version)));
  await headRead(headers);
  const { stream, ended } = await startOrTell(containers, start);
  const stdin = !start.detached && record.request.AttachStdin === true;
  joinStreams({ output: socket, ...(stdin ? { input: socket, detachKeys } : {}) }, stream, ended);
  if (!stdin) dropInput(socket);
  else stream.once("close", () => dropInput(socket));
}

/** The same of a client that did not: the answer's body is the output, and there is no input. */
export async function startExecPlain(
  containers: Pick<Containers, "execs">,
  { request, response, target }: Exchange,
): Promise<void> {
  const start = parseStart(containers, target, await readSmallBody(request));
  response.removeHeader("transfer-encoding");
  if (start.detached) {
    await containers.execs.start(start.record.id, { detach: true, framing: "raw" });
    response.writeHead(200, { ...commonHeaders, "Content-Length": "0" }).end();
    return;
  }
  response.shouldKeepAlive = false;
  const type = outputMediaType(start.tty, 0);
  response.writeHead(200, { ...commonHeaders, "Content-Type": type, Connection: "close" });
  response.flushHeaders();
  const { stream, ended } = await startOrTell(containers, start);
  joinStreams({ output: response }, stream, ended);
}

interface Start {
  record: ExecRecord;
  detached: boolean;
  /** As the start says it, whatever the create said: it decides whether there are frames. */
  tty: boolean;
  detachKeys: Uint8Array | undefined;
}

/** Throws what can be known before the start. */
function parseStart(containers: Pick<Containers, "execs">, { path: target }: Target, body: Buffer): Start {
  const { id } = execParams.parse({ id: decodePathPart(path.exec(target)?.[1] ?? "") });
  const {
    Detach: detached = false,
    Tty: tty = false,
    ConsoleSize: size,
  } = startExecSchema.parse(body.length === 0 ? {} : parseJson(body.toString()));
  const record = containers.execs.startable(id);
  if (size !== undefined) record.request.ConsoleSize = size;
  const { Tty, DetachKeys } = record.request;
  return { record, detached, tty, detachKeys: Tty ? detachKeysOf(DetachKeys) : undefined };
}

/** Starts the program; what keeps it from starting is told of in the stream, where Docker's clients look for it. */
async function startOrTell(
  { execs }: Pick<Containers, "execs">,
  { record: { id }, detached, tty }: Start,
): Promise<{ stream: Duplex; ended: Promise<void> }> {
  const framing = tty ? "raw" : "multiplexed";
  try {
    const { stream, ended } = await execs.start(id, { detach: detached, framing });
    return { stream: stream ?? new PassThrough().end(), ended };
  } catch (error) {
    const text = Buffer.from(`${execFailureMessage(error) ?? errorChain(error)}\r\n`);
    const stream = new PassThrough();
    stream.end(tty ? text : encodeFrame(frameType.stdout, text));
    return { stream, ended: Promise.resolve() };
  }
}
