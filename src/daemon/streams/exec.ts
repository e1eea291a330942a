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
import { commonHeaders } from "../answers/common-headers.ts";
import { outputFraming, outputMediaType } from "../answers/containers/output-format.ts";
import type { Exchange } from "../http/adapter.ts";
import { isJsonType, readSmallBody, unsupportedType } from "../http/request-body.ts";
import { decodePathPart, type Target } from "../http/target.ts";
import type { ApiTarget } from "../requests/api-target.ts";
import { parseKeys } from "./detach.ts";
import { dropInput, joinStreams } from "./join.ts";
import { sendUpgradedHead } from "./upgrade-response.ts";

type WithExecs = Pick<Containers, "execs">;

const path = /^\/exec\/([^/]+)\/start$/;

/** Reports whether a request is `POST /exec/{id}/start`. */
export function isExecStart(method: string | undefined, target: string): boolean {
  return method === "POST" && path.test(target);
}

/** Starts an exec for a client that upgraded its connection: the connection carries input and output. */
export async function startExecUpgraded(
  containers: WithExecs,
  target: ApiTarget,
  { body, headers }: { body: Buffer; headers: IncomingHttpHeaders },
  socket: Duplex,
): Promise<void> {
  const start = parseStart(containers, target, { body, headers });
  const { record, tty, detachKeys } = start;
  // Clients read the head separately, so it must precede the output.
  await sendUpgradedHead(socket, headers, outputMediaType(tty, target.version));
  const { stream, ended } = await startOrReport(containers, start);
  const stdin = !start.detached && record.request.AttachStdin === true;
  const onDetach = () => containers.execs.reportDetach(record.id);
  joinStreams({ output: socket, ...(stdin ? { input: socket, detachKeys, onDetach } : {}) }, stream, ended);
  if (!stdin) dropInput(socket);
  else stream.once("close", () => dropInput(socket));
}

/** Starts an exec for a client that did not ask for an upgrade: the output is the response's body, without input. */
export async function startExecPlain(
  containers: WithExecs,
  { request, response, target }: Exchange,
): Promise<void> {
  const start = parseStart(containers, target, {
    body: await readSmallBody(request),
    headers: request.headers,
  });
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
  const { stream, ended } = await startOrReport(containers, start);
  joinStreams({ output: response }, stream, ended);
}

interface ExecStart {
  record: ExecRecord;
  detached: boolean;
  /** Value of the start request, which decides whether the output has frames, whatever the create request said. */
  tty: boolean;
  detachKeys: Uint8Array | undefined;
}

/** Parses a start request; throws for an exec that cannot start. */
function parseStart(
  { execs }: WithExecs,
  { path: target }: Target,
  { body, headers }: { body: Buffer; headers: IncomingHttpHeaders },
): ExecStart {
  const { id } = execParams.parse({ id: decodePathPart(path.exec(target)?.[1] ?? "") });
  const {
    Detach: detached = false,
    Tty: tty = false,
    ConsoleSize: size,
  } = startExecSchema.parse(body.length === 0 ? {} : parseJsonBody(body, headers));
  const record = execs.startable(id);
  if (size !== undefined) record.request.ConsoleSize = size;
  const { Tty, DetachKeys } = record.request;
  return { record, detached, tty, detachKeys: Tty ? parseKeys(DetachKeys) : undefined };
}

function parseJsonBody(body: Buffer, { "content-type": type }: IncomingHttpHeaders): unknown {
  // Older versions of tbox's command line send no type.
  if (type !== undefined && !isJsonType(type)) throw unsupportedType(type);
  return parseJson(body.toString());
}

/** Starts the program. A failure becomes output of the stream, where Docker's clients expect it. */
async function startOrReport(
  { execs }: WithExecs,
  { record: { id }, detached, tty }: ExecStart,
): Promise<{ stream: Duplex; ended: Promise<void> }> {
  try {
    const { stream, ended } = await execs.start(id, { detach: detached, framing: outputFraming(tty) });
    return { stream: stream ?? new PassThrough().end(), ended };
  } catch (error) {
    const text = Buffer.from(`${execFailureMessage(error) ?? errorChain(error)}\r\n`);
    const stream = new PassThrough();
    stream.end(tty ? text : encodeFrame(frameType.stdout, text));
    return { stream, ended: Promise.resolve() };
  }
}
