/**
 * A fake daemon for tests of the command line: "containers" are processes of this machine. It implements the run stream and
 * the part of the API that the tests need. As a program it replaces `tbox daemon --notify` and listens in the run
 * directory.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ShutdownAnswer } from "#api/answers/system.ts";
import { encodeFrame } from "#api/streams/frame.ts";
import { frameType, type RunControl, type RunEvent, type RunRequest } from "#api/streams/run-stream.ts";

import { runDirectory } from "#support/directories.ts";

export interface FakeDaemon extends AsyncDisposable {
  socketPath: string;
  /** Bodies of all run requests. */
  runs: RunRequest[];
  /** Method and path of all plain requests. */
  requests: string[];
}

export interface FakeOptions {
  socketPath: string;
  /** Answers to plain requests, by `METHOD /path`. */
  answers?: Record<string, { status?: number; body: unknown }>;
  /** Command of the one container that can be attached to; it starts with the attach. */
  attachable?: string[];
  /** Names of missing images; default: `missing`. */
  missing?: Set<string>;
  /** Process that the answer to a shutdown names as the daemon's; by default, the answer names none. */
  process?: number;
}

export async function startFakeDaemon(options: FakeOptions): Promise<FakeDaemon> {
  const { socketPath, answers = {} } = options;
  const missing = options.missing ?? new Set(["missing"]);
  const runs: RunRequest[] = [];
  const requests: string[] = [];
  const attached = Promise.withResolvers<number>();
  const server = createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    requests.push(`${request.method} ${request.url}`);
    const answer = answers[`${request.method} ${path}`];
    if (path.endsWith("/wait")) {
      response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
      attached.promise.then((code) => response.end(JSON.stringify({ StatusCode: code })));
      return;
    }
    if (path === "/tbox/shutdown") {
      if (options.process === undefined) response.writeHead(204).end();
      else response.end(JSON.stringify({ Pid: options.process, Systemd: false } satisfies ShutdownAnswer));
      server.close();
      return;
    }
    response.writeHead(answer ? (answer.status ?? 200) : 404, { "Content-Type": "application/json" });
    response.end(`${JSON.stringify(answer ? answer.body : { message: "page not found" })}\n`);
  });
  server.on("upgrade", async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.includes("/attach?")) {
      attached.resolve(await serveAttach(options.attachable ?? ["true"], socket));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const run: RunRequest = JSON.parse(Buffer.concat(chunks).toString());
    runs.push(run);
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    await serveRun(run, socket, missing);
    socket.end();
  });
  const listening = Promise.withResolvers<void>();
  server.on("error", listening.reject);
  server.listen(socketPath, listening.resolve);
  await listening.promise;
  chmodSync(socketPath, 0o600);
  return {
    socketPath,
    runs,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(socketPath, { force: true });
    },
  };
}

/** Serves Docker's attach: sends frames, reads bytes until the client closes its side. Returns the exit code. */
async function serveAttach(command: string[], socket: Duplex): Promise<number> {
  socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  socket.on("data", (bytes) => child.stdin.write(bytes)).on("end", () => child.stdin.end());
  const copy = async (stream: ReadableStream<Uint8Array>, type: number) => {
    for await (const bytes of stream) socket.write(encodeFrame(type, bytes));
  };
  await Promise.all([copy(child.stdout, 1), copy(child.stderr, 2)]);
  socket.end();
  return child.exited;
}

async function serveRun(run: RunRequest, socket: Duplex, missing: Set<string>): Promise<void> {
  const send = async (type: number, bytes: Uint8Array) => {
    if (!socket.write(encodeFrame(type, bytes))) {
      await new Promise<void>((resolve) => {
        socket.once("drain", resolve).once("close", resolve);
      });
    }
  };
  const tell = (event: RunEvent) => send(frameType.control, Buffer.from(JSON.stringify(event)));
  const image = String(run.container.Image ?? "");
  if (missing.has(image)) {
    if (run.pull === "never") {
      const message = `No such image: ${image}`;
      return tell({ event: "error", status: 404, code: "missing-image", message, exitCode: 125 });
    }
    await tell({
      event: "progress",
      progress: { id: "abc", status: "Pulling fs layer", progressDetail: {} },
    });
    await tell({
      event: "progress",
      progress: { id: "abc", status: "Downloading", progressDetail: { current: 5, total: 10 } },
    });
    await tell({ event: "progress", progress: { status: `Status: Downloaded newer image for ${image}` } });
    missing.delete(image);
  }
  await tell({ event: "created", id: "c".repeat(64), warnings: [] });
  const command = Array.isArray(run.container.Cmd) ? run.container.Cmd.map(String) : ["true"];
  if (command[0] === "/nope") {
    return tell({
      event: "error",
      status: 404,
      code: "not-found",
      message: "exec /nope: no such file or directory",
      exitCode: 127,
    });
  }
  const tty = run.container.Tty === true;
  const host = run.container.HostConfig;
  const size =
    typeof host === "object" && host !== null && "ConsoleSize" in host ? host.ConsoleSize : undefined;
  const [rows, columns] = Array.isArray(size) ? size.map(Number) : [24, 80];
  const child = tty
    ? Bun.spawn(command, {
        env: { ...process.env, TERM: "xterm" },
        terminal: {
          rows: rows ?? 24,
          cols: columns ?? 80,
          data: (_, bytes) => void send(frameType.stdout, bytes),
        },
      })
    : Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  await tell({ event: "started" });
  if (run.detach) return void child.kill("SIGKILL");
  void takeInput(child, socket, run.container.OpenStdin === true);
  const copy = async (stream: unknown, type: number) => {
    if (stream instanceof ReadableStream) for await (const bytes of stream) await send(type, bytes);
  };
  await Promise.all([copy(child.stdout, frameType.stdout), copy(child.stderr, frameType.stderr)]);
  await child.exited;
  // The last output of the terminal arrives after the exit.
  if (tty) await Bun.sleep(20);
  const signal = child.signalCode ? signals[child.signalCode] : undefined;
  await tell({ event: "exited", code: signal === undefined ? (child.exitCode ?? 0) : 128 + signal });
}

const signals: Record<string, number | undefined> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

async function takeInput(child: Bun.Subprocess, socket: Duplex, open: boolean): Promise<void> {
  const { stdin } = child;
  const pipe = stdin !== undefined && stdin !== null && typeof stdin !== "number" ? stdin : undefined;
  if (!open) await pipe?.end();
  for await (const { type, bytes } of decodeWithEnd(socket)) {
    if (type === frameType.control) {
      const control: RunControl = JSON.parse(Buffer.from(bytes).toString());
      if (control.control === "resize") child.terminal?.resize(control.columns, control.rows);
      else child.kill(`SIG${control.signal}` as NodeJS.Signals);
    } else if (child.terminal) child.terminal.write(bytes);
    else if (bytes.length === 0) await pipe?.end();
    else {
      pipe?.write(bytes);
      await pipe?.flush();
    }
  }
}

async function* decodeWithEnd(socket: Duplex): AsyncGenerator<{ type: number; bytes: Uint8Array }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const end = 8 + rest.readUInt32BE(4);
      yield { type: rest.readUInt8(0), bytes: rest.subarray(8, end) };
      rest = rest.subarray(end);
    }
  }
}

/** Listens in the run directory and reports readiness like the daemon. */
export async function runFakeDaemon(): Promise<void> {
  const directory = await runDirectory(process.env, process.getuid?.() ?? -1);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const answers = { "GET /containers/json": { body: [] } };
  try {
    await startFakeDaemon({ socketPath: `${directory}/tbox.sock`, answers });
    console.log(JSON.stringify({ ready: true }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error), code: "already-exists" }));
    process.exit(1);
  }
}

if (import.meta.main) await runFakeDaemon();
