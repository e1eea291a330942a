import { openDaemon } from "#daemon/daemon.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { type FakeEngine, fakeEngine } from "./fake-engine.ts";

/** API server in this process with a fake engine. */
export interface FakeApi extends AsyncDisposable {
  engine: FakeEngine;
  socket: string;
  shutdown: Promise<void>;
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
}

export interface RequestOptions {
  json?: unknown;
  body?: string | Uint8Array | ReadableStream<Uint8Array>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function openFakeApi(): Promise<FakeApi> {
  const directory = temporaryDirectory("api");
  const engine = fakeEngine();
  const daemon = await openDaemon({
    engine,
    dataDirectory: "/data",
    runDirectory: `${directory.path}/run`,
    uid: process.getuid?.() ?? -1,
  });
  return {
    engine,
    socket: daemon.socketPath,
    shutdown: daemon.shutdown,
    request: (method, path, { json, body, headers, signal } = {}) =>
      fetch(`http://docker${path}`, {
        unix: daemon.socketPath,
        method,
        signal: signal ?? null,
        body: json === undefined ? (body ?? null) : JSON.stringify(json),
        headers: { ...(json === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      }),
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}
