import { type Duplex, PassThrough } from "node:stream";
import { execParams, startExecSchema } from "#api/execs.ts";
import { encodeFrame } from "#api/frame.ts";
import { parseJson } from "#api/json.ts";
import { frameType } from "#api/run-stream.ts";
import type { Containers } from "#containers/containers.ts";
import { type ExecRecord, type StartedExec, unstartable } from "#containers/execs.ts";
import type { Exchange } from "../http/adapter.ts";
import { commonHeaders } from "../http/common-headers.ts";
import { readSmallBody } from "../http/request-body.ts";
import { decodePathPart, type Target } from "../http/target.ts";
import { outputMediaType } from "../shape/output.ts";
import { dropInput, joinStreams } from "./join.ts";
import { upgradedHead } from "./upgrade-response.ts";

const path = /^\/exec\/([^/]+)\/start$/;

export function isExecStart(method: string | undefined, target: string): boolean {
  return method === "POST" && path.test(target);
}

/** `POST /exec/{id}/start` of a client that asked for the connection. */
export async function startExecUpgraded(
  containers: Containers,
  target: Target,
  body: Buffer,
  socket: Duplex,
): Promise<void> {
  const { stream, ended, stdin, tty } = await start(containers, target, body);
  socket.write(upgradedHead(outputMediaType(tty, target.version)));
  joinStreams({ output: socket, ...(stdin ? { input: socket } : {}) }, stream, ended);
  if (!stdin) dropInput(socket);
  else stream.once("close", () => dropInput(socket));
}

/** The same of a client that did not: the answer's body is the output, and there is no input. */
export async function startExecPlain(
  containers: Containers,
  { request, response, target }: Exchange,
): Promise<void> {
  const body = await readSmallBody(request);
  const { stream, ended, tty, detached } = await start(containers, target, body);
  response.removeHeader("transfer-encoding");
  if (detached) {
    response.writeHead(200, { ...commonHeaders, "Content-Length": "0" }).end();
    return;
  }
  response.shouldKeepAlive = false;
  const type = outputMediaType(tty, 0);
  response.writeHead(200, { ...commonHeaders, "Content-Type": type, Connection: "close" });
  response.flushHeaders();
  joinStreams({ output: response }, stream, ended);
}

async function start(containers: Containers, { path: target }: Target, body: Buffer) {
  const { id } = execParams.parse({ id: decodePathPart(path.exec(target)?.[1] ?? "") });
  const { Detach: detached = false, ConsoleSize: size } = startExecSchema.parse(
    body.length === 0 ? {} : parseJson(body.toString()),
  );
  const record = containers.execs.get(id);
  const { Tty: tty = false, AttachStdin: stdin = false } = record.request;
  if (size !== undefined) record.request.ConsoleSize = size;
  const { stream, ended } = await startOrTell(containers, record, detached);
  return { stream: stream ?? new PassThrough().end(), ended, stdin: stdin && !detached, tty, detached };
}

/** A program that cannot be executed is told of in the stream, where Docker's clients look for it. */
async function startOrTell(
  { execs }: Containers,
  { id, request }: ExecRecord,
  detach: boolean,
): Promise<StartedExec> {
  try {
    return await execs.start(id, { detach });
  } catch (error) {
    const reason = unstartable(error);
    if (reason === undefined || detach) throw error;
    const text = Buffer.from(`${reason}\r\n`);
    const stream = new PassThrough();
    stream.end(request.Tty ? text : encodeFrame(frameType.stdout, text));
    return { stream, ended: Promise.resolve() };
  }
}
