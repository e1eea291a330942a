import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { callerFrame, doorFrame } from "#api/streams/command-stream.ts";
import { encodeFrame } from "#api/streams/frame.ts";
import { HandOver, type RemoteCaller } from "#client/caller/remote-caller.ts";
import { createFrameDecoder } from "#client/streams/frames.ts";
import type { LocalApi } from "#daemon/server/local-api.ts";
import { TboxError } from "#support/errors.ts";
import { openLog } from "#support/log.ts";
import { CallerInput } from "./caller-input.ts";
import type { CommandRequest } from "./command-request.ts";
import { openMemoryConnection } from "./memory-connection.ts";

const log = openLog("api");

/** The caller behind a front door's connection. Disposing of it ends the command's own connections. */
export interface DoorCaller extends RemoteCaller, Disposable {
  /** Ends the front door with an exit status. */
  exit(code: number): void;
  /** Makes the front door execute the main program. */
  refuse(): void;
}

export interface DoorCallerOptions {
  request: CommandRequest;
  socket: Duplex;
  api: LocalApi;
  /** Runs a function for the command, or (`engine`) for the daemon itself. */
  enter(context: "command" | "engine", run: () => void): void;
}

/** Head of the answer; it is sent together with the first frame. */
const head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/** Opens the caller at the other end of a front door's connection. */
export function openDoorCaller({ request, socket, api, enter }: DoorCallerOptions): DoorCaller {
  const gone = new AbortController();
  const input = new CallerInput(socket);
  const connections = new Set<Duplex>();
  let receiveSignal: (signal: string) => void = () => {};
  let started = false;
  const encode = (type: number, payload: Uint8Array) => {
    const frame = encodeFrame(type, payload);
    if (started) return frame;
    started = true;
    return Buffer.concat([Buffer.from(head), frame]);
  };
  const send = (type: number, ...payload: number[]) => socket.write(encode(type, Uint8Array.from(payload)));
  const lose = () => {
    gone.abort();
    input.end();
    for (const connection of connections) connection.destroy();
  };
  readFrames(socket, {
    [callerFrame.input]: (bytes) => input.push(bytes),
    [callerFrame.inputEnd]: () => input.end(),
    [callerFrame.inputFailure]: ([number = 0]) => input.end(readFailure(number)),
    [callerFrame.signal]: ([number = 0]) => enter("command", () => receiveSignal(signalName(number))),
  });
  socket.once("end", lose).once("close", lose);
  return {
    environment: request.environment,
    directory: request.directory,
    fetch: (target, init) => {
      const signal = init.signal ? AbortSignal.any([gone.signal, init.signal]) : gone.signal;
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      enter("engine", () => void api.fetch(target, { ...init, signal }).then(resolve, reject));
      return promise;
    },
    upgrade({ target, headers = {}, body }) {
      const { client, server } = openMemoryConnection();
      connections.add(server);
      server.once("close", () => connections.delete(server)).on("error", () => server.destroy());
      const content = Buffer.from(body === undefined ? "" : JSON.stringify(body));
      const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
      const upgrade = { headers: Object.fromEntries(lower), body: content };
      enter("engine", () => api.upgrade(target, upgrade, server));
      return client;
    },
    async write(kind, bytes) {
      if (gone.signal.aborted) throw new TboxError("cancelled", "the caller is gone");
      if (bytes.length === 0 || socket.write(encode(doorFrame[kind], bytes))) return;
      await drained(socket);
    },
    input() {
      send(doorFrame.readInput);
      return input;
    },
    catchSignals(receive) {
      receiveSignal = receive;
      send(doorFrame.catchSignals);
    },
    dieBySignal: (name) => void send(doorFrame.dieBySignal, signalNumber(name)),
    handOver() {
      if (!started) throw new HandOver();
      throw new TboxError("internal", "the command needs the user's own process too late");
    },
    refuse: () => void socket.end(encode(doorFrame.handOver, new Uint8Array(0))),
    exit: (code) => void socket.end(encode(doorFrame.exit, Uint8Array.of(code & 0xff))),
    [Symbol.dispose]() {
      for (const connection of connections) connection.destroy();
      // A connection that is closed with unread bytes is reset, and the front door loses the last frames.
      socket.removeAllListeners("data").resume();
    },
  };
}

type FrameHandlers = Record<number, (payload: Uint8Array) => void>;

function readFrames(socket: Duplex, handlers: FrameHandlers): void {
  const decoder = createFrameDecoder();
  socket.on("data", (bytes: Buffer) => {
    for (const { type, bytes: payload } of decoder.push(bytes)) {
      const handle = handlers[type];
      if (handle !== undefined) handle(payload);
      else {
        log.error(`front door: unknown frame of type ${type}`);
        socket.destroy();
      }
    }
  });
}

/** Resolves when the connection takes more; rejects when it is lost. */
function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      socket.off("drain", drain).off("close", close);
      done();
    };
    const drain = () => settle(resolve);
    const close = () => settle(() => reject(new TboxError("cancelled", "the caller is gone")));
    socket.once("drain", drain).once("close", close);
    if (socket.destroyed) close();
  });
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
