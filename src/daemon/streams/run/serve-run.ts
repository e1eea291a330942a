import type { Duplex } from "node:stream";
import { parseRegistryAuth } from "#api/requests/registry-auth.ts";
import { parseJson } from "#api/schema/json.ts";
import type { CheckedRunRequest } from "#api/streams/run-request.ts";
import type { RunErrorCode } from "#api/streams/run-stream.ts";
import type { Engine } from "#engine/engine.ts";
import { MissingImageError } from "#images/missing-image-error.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { errorCode, TboxError } from "#support/errors.ts";
import { openLog } from "#support/log.ts";
import { describeError } from "../../answers/error-response.ts";
import { checkRunRequest } from "./check-run-request.ts";
import { ensureCreated } from "./ensure-created.ts";
import { openRunClient, type RunClient } from "./run-client.ts";
import { startFailureCode } from "./start-failure-code.ts";

const log = openLog("api");

/** Body and `X-Registry-Auth` of a run request. */
export interface RunInput {
  body: Buffer;
  auth: string | undefined;
}

/** Creates, attaches, starts, awaits and removes a container over one connection: see `RunRequest`. */
export async function serveRun(engine: Engine, { body, auth }: RunInput, socket: Duplex): Promise<void> {
  const input = { request: parseJson(body.toString()), auth };
  await serveRunFor(engine, input, () => openRunClient(socket));
}

/** A run request that has not been checked. */
export interface DirectRunInput {
  request: unknown;
  auth: string | undefined;
}

/** Serves a run for a client. Throws for an invalid request before it opens the client. */
export async function serveRunFor(
  engine: Engine,
  input: DirectRunInput,
  open: () => RunClient,
): Promise<void> {
  const { value: request, warnings } = checkRunRequest(input.request);
  const credentials = parseRegistryAuth(input.auth);
  const client = open();
  try {
    await run(engine, { request, ignored: warnings, credentials, client });
  } catch (error) {
    sendFailure(client, error, () => 125);
  }
  client.end();
}

interface Run {
  request: CheckedRunRequest;
  /** Warnings about ignored names in the request. */
  ignored: string[];
  credentials: RegistryCredentials | undefined;
  client: RunClient;
}

type Exit = ReturnType<Engine["containers"]["lifecycle"]["wait"]>;

async function run(engine: Engine, { request, ignored, credentials, client }: Run): Promise<void> {
  const { id, warnings } = await ensureCreated(engine, request, { credentials, client });
  // The client prepares its terminal while the container starts.
  client.send({ event: "created", id, warnings: [...ignored, ...warnings] });
  const autoRemove = request.container.HostConfig?.AutoRemove === true;
  let stream: Duplex | undefined;
  let copied: Promise<void> | undefined;
  let exit: Exit | undefined;
  try {
    // The client disconnected before it learned the container's ID, so the container must not start.
    if (client.gone.aborted) throw new TboxError("cancelled", "the client has disconnected");
    if (request.archive !== undefined) await unpack(engine, id, request.archive);
    if (!request.detach) {
      stream = await attach(engine, id, request);
      copied = stream && copyOutput(stream, client);
      exit = engine.containers.lifecycle.wait(id, autoRemove ? "removed" : "next-exit", client.gone);
      exit.catch(() => {});
    }
    await engine.containers.lifecycle.start(id, { attended: !request.detach });
  } catch (error) {
    stream?.destroy();
    if (autoRemove) await removeCreated(engine, id);
    return sendFailure(client, error, startFailureCode);
  }
  client.send({ event: "started" });
  if (exit !== undefined) await follow(engine, { id, request, client, stream, copied, exit });
}

/** Unpacks a tar archive, as base64, in the container's root. */
function unpack({ containers }: Engine, id: string, archive: string): Promise<void> {
  const bytes = new Blob([Buffer.from(archive, "base64")]);
  return containers.files.extract(id, "/", { archive: bytes.stream(), keepKinds: true });
}

interface Started {
  id: string;
  request: CheckedRunRequest;
  client: RunClient;
  stream: Duplex | undefined;
  /** Resolves at the end of the output. */
  copied: Promise<void> | undefined;
  exit: Exit;
}

/** Passes input and controls on until the container exits, and sends its exit status. */
async function follow(
  { containers }: Engine,
  { id, request, client, stream, copied, exit }: Started,
): Promise<void> {
  client.openControl((control) =>
    control.control === "resize"
      ? containers.streams.resize(id, control)
      : containers.lifecycle.kill(id, { signal: control.signal }),
  );
  const { AttachStdin, OpenStdin } = request.container;
  if (stream !== undefined && AttachStdin && OpenStdin) client.openInput(stream);
  await copied;
  // The container outlives a client that disconnects; its exit status has no reader then.
  const status = await exit.catch((error) => {
    if (client.gone.aborted) return undefined;
    throw error;
  });
  if (status !== undefined) client.send({ event: "exited", code: status.code });
}

/** Returns the container's stream, or undefined when the client attaches to none of its streams. */
async function attach(
  { containers }: Engine,
  id: string,
  { container }: CheckedRunRequest,
): Promise<Duplex | undefined> {
  const { AttachStdin = false, AttachStdout = false, AttachStderr = false, OpenStdin = false } = container;
  const stdin = AttachStdin && OpenStdin;
  if (!stdin && !AttachStdout && !AttachStderr) return undefined;
  return containers.streams.attach(id, {
    stdin,
    stdout: AttachStdout,
    stderr: AttachStderr,
    logs: false,
    stream: true,
    // The run stream has the same frames: they are copied without decoding.
    framing: "multiplexed",
  });
}

/** Copies the output of a container that starts meanwhile; resolves at its end. */
function copyOutput(stream: Duplex, client: RunClient): Promise<void> {
  stream.on("error", () => stream.destroy());
  client.gone.addEventListener("abort", () => stream.destroy());
  if (client.gone.aborted) stream.destroy();
  return client.copyOutput(stream);
}

async function removeCreated({ containers }: Engine, id: string): Promise<void> {
  try {
    await containers.lifecycle.remove(id, { force: true, volumes: true });
  } catch (error) {
    if (errorCode(error) !== "not-found") log.error(`remove container ${id}`, error);
  }
}

function sendFailure(client: RunClient, error: unknown, exitCodeOf: (message: string) => number): void {
  const { status, message } = describeError(error);
  client.send({ event: "error", status, code: codeOf(error), message, exitCode: exitCodeOf(message) });
}

function codeOf(error: unknown): RunErrorCode {
  return error instanceof MissingImageError ? "missing-image" : errorCode(error);
}
