import { pathTo, request } from "#client/api.ts";
import { openJson } from "#client/endpoints.ts";
import { openUpgrade } from "#client/streams/upgrade.ts";
import { TboxError } from "#support/errors.ts";
import { copyOutput, socketTarget } from "../../../terminal/connection.ts";
import { endDetached, openSession } from "../../../terminal/session.ts";

/** Options of an attachment. */
export interface AttachOptions {
  /** Full ID. */
  id: string;
  /** Name or ID that the user typed. */
  name: string;
  tty: boolean;
  stdin: boolean;
  sigProxy: boolean;
  detachKeys: string | undefined;
  /** Starts the container. Called when the streams are connected and the request for the exit status is pending. */
  start?: () => Promise<void>;
}

/** Attaches this program's streams to a container until the container exits. Returns the container's exit status. */
export async function attachContainer(options: AttachOptions): Promise<number> {
  const { id, tty, stdin } = options;
  const path = pathTo("containers", id);
  const target = `${path}/attach?stream=1&stdout=1&stderr=1${stdin ? "&stdin=1" : ""}`;
  const { socket, answered } = await openUpgrade({ target });
  await answered;
  // The daemon sends the head of the answer at once. After that, no exit can be missed.
  const readExit = await openJson("POST /containers/{name}/wait", {
    name: id,
    query: { condition: options.start ? "next-exit" : "not-running" },
  });
  using session = openSession(socketTarget(socket, path), {
    stdin,
    tty,
    detachKeys: options.detachKeys,
    signals: options.sigProxy ? { container: () => options.name } : undefined,
  });
  session.forwardSignals();
  if (options.start) await options.start();
  else if (tty) await forceRedraw(path);
  await session.begin();
  await copyOutput(socket, tty);
  if (session.detached) return endDetached(session);
  const { StatusCode, Error: failure } = await readExit();
  if (failure) throw new TboxError("internal", failure.Message);
  return StatusCode;
}

/** Changes the terminal's size so that a running program redraws. The session then sets the real size. */
async function forceRedraw(path: string): Promise<void> {
  const { terminalSize } = await import("../../../terminal/terminal.ts");
  const size = terminalSize();
  if (size === undefined) return;
  const query = { h: String(size.rows + 1), w: String(size.columns + 1) };
  await request("POST", `${path}/resize`, { query }).catch(() => {});
}
