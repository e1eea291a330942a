import type { Duplex } from "node:stream";
import { parseRegistryAuth, type RegistryAuth } from "#api/requests/registry-auth.ts";
import { parseJson } from "#api/schema/json.ts";
import { type CheckedRunRequest, runRequestSchema } from "#api/streams/run-request.ts";
import type { Engine } from "#engine/engine.ts";
import { errorCode, TboxError } from "#support/errors.ts";
import { describeError } from "../../answers/error-response.ts";
import { logError } from "../../log.ts";
import { ensureCreated } from "./ensure-created.ts";
import { openRunClient, type RunClient } from "./run-client.ts";
import { startFailureCode } from "./start-failure-code.ts";

/** What a run needs to go on: `auth` is the header `X-Registry-Auth`. */
export interface RunInput {
  body: Buffer;
  auth: string | undefined;
}

/** Create, attach, start, wait and remove over one connection: see `RunRequest`. */
export async function serveRun(engine: Engine, { body, auth }: RunInput, socket: Duplex): Promise<void> {
  const request = runRequestSchema.parse(parseJson(body.toString()));
  const credentials = parseRegistryAuth(auth);
  const client = openRunClient(socket);
  try {
    await run(engine, { request, credentials, client });
  } catch (error) {
    tellFailure(client, error, () => 125);
  }
  client.end();
}

interface Run {
  request: CheckedRunRequest;
  credentials: RegistryAuth | undefined;
  client: RunClient;
}

async function run(engine: Engine, { request, credentials, client }: Run): Promise<void> {
  const { containers } = engine;
  const { id, warnings } = await ensureCreated(engine, request, { credentials, client });
  // The client gets ready while the container is launched.
  client.tell({ event: "created", id, warnings });
  const autoRemove = request.container.HostConfig?.AutoRemove === true;
  let stream: Duplex | undefined;
  let exit: Promise<{ code: number }> | undefined;
  try {
    // Nobody would ever hear of this container.
    if (client.gone.aborted) throw new TboxError("cancelled", "the client is gone");
    if (!request.detach) {
      stream = await attach(engine, id, request);
      exit = containers.lifecycle.wait(id, autoRemove ? "removed" : "next-exit", client.gone);
      exit.catch(() => {});
    }
    await containers.lifecycle.start(id);
  } catch (error) {
    stream?.destroy();
    if (autoRemove) await removeCreated(engine, id);
    return tellFailure(client, error, startFailureCode);
  }
  client.tell({ event: "started" });
  if (exit === undefined) return;
  client.openControl((control) =>
    control.control === "resize"
      ? containers.streams.resize(id, control)
      : containers.lifecycle.kill(id, { signal: control.signal }),
  );
  if (stream !== undefined) await follow(stream, request, client);
  // The container outlives a client that goes; nobody is left to be told of its end.
  const status = await exit.catch((error) => {
    if (client.gone.aborted) return undefined;
    throw error;
  });
  if (status !== undefined) client.tell({ event: "exited", code: status.code });
}

/** The container's stream, if the client wants any of it. */
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
    // These frames are the run stream's own: they pass through as they are.
    framing: "multiplexed",
  });
}

async function follow(stream: Duplex, { container }: CheckedRunRequest, client: RunClient): Promise<void> {
  stream.on("error", () => stream.destroy());
  client.gone.addEventListener("abort", () => stream.destroy());
  if (client.gone.aborted) stream.destroy();
  const copied = client.copyOutput(stream);
  if (container.AttachStdin && container.OpenStdin) client.openInput(stream);
  await copied;
}

async function removeCreated({ containers }: Engine, id: string): Promise<void> {
  try {
    await containers.lifecycle.remove(id, { force: true, volumes: true });
  } catch (error) {
    if (errorCode(error) !== "not-found") logError(`remove container ${id}`, error);
  }
}

function tellFailure(client: RunClient, error: unknown, exitCodeOf: (message: string) => number): void {
  const { status, message } = describeError(error);
  client.tell({ event: "error", status, message, exitCode: exitCodeOf(message) });
}
