import { constants } from "node:os";
import { callerFrame, launcherFrame } from "#api/streams/command-stream.ts";
import { HandOver, type RemoteCaller } from "#client/caller/remote-caller.ts";
import type { LocalApi } from "#daemon/server/local-api.ts";
import { TboxError } from "#support/errors.ts";
import { CallerInput } from "./caller-input.ts";
import type { CommandRequest } from "./command-request.ts";
import { openDirectRun, type Send } from "./direct-run.ts";
import type { LauncherConnection } from "./launcher-connection.ts";
import { openMemoryConnection } from "./memory-connection.ts";

/** The caller behind a launcher's connection. Disposing of it ends the command's own connections. */
export interface LauncherCaller extends RemoteCaller, Disposable {
  /** Takes a frame of the launcher; throws for an unknown type. */
  receive(type: number, payload: Uint8Array): void;
  /** Ends the launcher with an exit status. */
  exit(code: number): void;
  /** Makes the launcher execute the main program. */
  refuse(): void;
}

export interface LauncherCallerOptions {
  request: CommandRequest;
  connection: LauncherConnection;
  api: LocalApi;
  /** Runs a function for the command, or (`engine`) for the daemon itself. */
  enter(context: "command" | "engine", run: () => void): void;
}

/** Opens the caller at the other end of a launcher's connection. */
export function openLauncherCaller({
  request,
  connection,
  api,
  enter,
}: LauncherCallerOptions): LauncherCaller {
  const input = new CallerInput(connection);
  const opened = new Set<Disposable>();
  let receiveSignal: (signal: string) => void = () => {};
  let started = false;
  const send = (type: number, payload: Uint8Array) => {
    started = true;
    return connection.send(type, payload);
  };
  const sendQuietly = (type: number, ...payload: number[]) => {
    // The end of the connection is reported by `onLost`.
    Promise.resolve(send(type, Uint8Array.from(payload))).catch(() => {});
  };
  const closeAll = () => {
    for (const one of opened) one[Symbol.dispose]();
    opened.clear();
  };
  connection.onLost = () => {
    input.end();
    closeAll();
  };
  return {
    environment: request.environment,
    directory: request.directory,
    isTerminal: (stream) => request.terminals.includes(stream === "stdout" ? "1" : "2"),
    receive(type, payload) {
      const [first = 0] = payload;
      if (type === callerFrame.input) input.push(payload);
      else if (type === callerFrame.inputEnd) input.end();
      else if (type === callerFrame.inputFailure) input.end(readFailure(first));
      else if (type === callerFrame.signal) enter("command", () => receiveSignal(signalName(first)));
      else throw new TboxError("invalid-argument", `unknown frame of type ${type}`);
    },
    ...daemonAccess({ api, enter, connection, opened, send }),
    async write(kind, bytes) {
      if (bytes.length > 0) await send(launcherFrame[kind], bytes);
    },
    input() {
      sendQuietly(launcherFrame.readInput);
      return input;
    },
    catchSignals(receive) {
      receiveSignal = receive;
      sendQuietly(launcherFrame.catchSignals);
    },
    dieBySignal: (name) => sendQuietly(launcherFrame.dieBySignal, signalNumber(name)),
    handOver() {
      if (!started) throw new HandOver();
      throw new TboxError("internal", "the command asked for the user's own process after its first frame");
    },
    refuse: () => connection.end(launcherFrame.handOver, new Uint8Array(0)),
    exit: (code) => connection.end(launcherFrame.exit, Uint8Array.of(code & 0xff)),
    [Symbol.dispose]: closeAll,
  };
}

interface AccessOptions extends Pick<LauncherCallerOptions, "api" | "connection" | "enter"> {
  /** Connections of the command, which end with it. */
  opened: Set<Disposable>;
  send: Send;
}

/** Returns the command's access to the daemon's API. */
function daemonAccess({
  api,
  enter,
  connection,
  opened,
  send,
}: AccessOptions): Pick<RemoteCaller, "fetch" | "upgrade" | "run"> {
  return {
    fetch: (target, init) => {
      const { gone } = connection;
      const signal = init.signal ? AbortSignal.any([gone, init.signal]) : gone;
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      enter("engine", () => void api.fetch(target, { ...init, signal }).then(resolve, reject));
      return promise;
    },
    upgrade({ target, headers = {}, body }) {
      const { client, server } = openMemoryConnection();
      opened.add({ [Symbol.dispose]: () => void server.destroy() });
      server.on("error", () => server.destroy());
      const content = Buffer.from(body === undefined ? "" : JSON.stringify(body));
      const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
      const upgrade = { headers: Object.fromEntries(lower), body: content };
      enter("engine", () => api.upgrade(target, upgrade, server));
      return client;
    },
    run(run, auth) {
      const direct = openDirectRun(send);
      opened.add(direct);
      enter("engine", () => direct.serve((client) => api.run({ request: run, auth }, client)));
      return direct.stream;
    },
  };
}

/** Returns the error of a failed read, as the runtime reports it. */
function readFailure(number: number): Error {
  const [code = "EIO"] = Object.entries(constants.errno).find(([, value]) => value === number) ?? [];
  return Object.assign(new Error(`${code}: cannot read`), { code, syscall: "read", errno: -number });
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? "";
}

function signalNumber(name: string): number {
  return Object.entries(constants.signals).find(([key]) => key === name)?.[1] ?? constants.signals.SIGTERM;
}
