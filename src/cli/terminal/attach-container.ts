import { pathTo, request, requestJson } from "#client/api.ts";
import { connectDaemon } from "#client/daemon/connect.ts";
import { asObject, numberAt, objectAt, textAt } from "#client/json.ts";
import { decodeFrames } from "#client/streams/frames.ts";
import { upgrade } from "#client/streams/upgrade.ts";
import { TboxError } from "#support/errors.ts";
import { printError } from "../output/output.ts";
import { openOutput, openSession } from "./session.ts";
import { proxySignals } from "./signals.ts";

export interface AttachOptions {
  /** Full ID. */
  id: string;
  /** As the user called it. */
  name: string;
  tty: boolean;
  stdin: boolean;
  sigProxy: boolean;
  detachKeys: string | undefined;
  /** Called when the streams are connected and the exit is waited for. */
  start?: () => Promise<void>;
}

/** Attaches this program's streams to a container until it ends. Gives its exit code. */
export async function attachContainer(options: AttachOptions): Promise<number> {
  const { id, tty, stdin } = options;
  const path = (rest: string) => pathTo("containers", id, rest);
  const socket = await connectDaemon();
  const target = `${path("/attach")}?stream=1&stdout=1&stderr=1${stdin ? "&stdin=1" : ""}`;
  await upgrade(socket, { target });
  // The head of the answer comes at once and means that no exit is missed from here on.
  const exit = await request("POST", path("/wait"), {
    query: { condition: options.start ? "next-exit" : "not-running" },
  });
  let detached = false;
  const ignore = () => {};
  const post = (rest: string, query: Record<string, string>) =>
    void request("POST", path(rest), { query }).catch(ignore);
  using session = new DisposableStack();
  if (options.sigProxy) {
    const send = (signal: string) => post("/kill", { signal });
    session.use(proxySignals({ send, tty, container: () => options.name })).open();
  }
  if (options.start) await options.start();
  else if (tty) await changeSize(path("/resize"));
  const end = {
    write: (bytes: Uint8Array) => socket.write(bytes).catch(ignore),
    end: () => socket.endWriting(),
    resize: ({ columns, rows }: { columns: number; rows: number }) =>
      post("/resize", { h: String(rows), w: String(columns) }),
    detach() {
      detached = true;
      socket.close();
    },
  };
  session.use(await openSession(end, { stdin, tty, detachKeys: options.detachKeys }));
  const write = openOutput();
  if (tty) for await (const bytes of socket) await write("stdout", bytes);
  else {
    for await (const { type, bytes } of decodeFrames(socket))
      await write(type === 2 ? "stderr" : "stdout", bytes);
  }
  if (detached) {
    session.dispose();
    printError("\nread escape sequence", "bare");
    return 0;
  }
  const status = asObject(await exit.json());
  const message = textAt(objectAt(status, "Error"), "Message");
  if (message !== "") throw new TboxError("internal", message);
  return numberAt(status, "StatusCode");
}

/** Makes a program that is running draw its screen again: it does at a change of size. */
async function changeSize(path: string): Promise<void> {
  const { terminalSize } = await import("./terminal.ts");
  const size = terminalSize();
  if (size === undefined) return;
  // The session sets the right size right after this one.
  const query = { h: String(size.rows + 1), w: String(size.columns + 1) };
  await request("POST", path, { query }).catch(() => {});
}

/** The container of a name, as `GET /containers/{id}/json` gives it. */
export async function inspectContainer(name: string): Promise<Record<string, unknown>> {
  return asObject(await requestJson("GET", pathTo("containers", name, "/json")));
}
