import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type GrpcClient, openGrpcClient } from "#buildkit/grpc/client.ts";
import { createGrpcServer } from "#buildkit/grpc/server.ts";
import type { ServerCall, Services } from "#buildkit/grpc/service.ts";
import { solveRequest, solveResponse, statusRequest, statusResponse } from "#buildkit/protocol/control.ts";
import { type FileStat, goMode, packet, packetType, stat as statMessage } from "#buildkit/protocol/files.ts";
import type { Decoded } from "#buildkit/protocol/schema.ts";

const control = "/moby.buildkit.v1.Control";
export const diffCopy = "/moby.filesync.v1.FileSync/DiffCopy";

/** Sends a request with `Upgrade: h2c`; returns the connection after the 101, or the whole answer. */
export async function upgrade(
  socketPath: string,
  path: string,
  headers: Record<string, string | string[]> = {},
): Promise<{ socket: Duplex } | { refused: string }> {
  const socket = connect(socketPath);
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${value}\r\n`),
  );
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n${lines.join("")}\r\n`,
  );
  const received = await new Promise<Buffer>((resolve) => {
    let head = Buffer.alloc(0);
    const take = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      if (head.includes("HTTP/1.1 101") && head.includes("\r\n\r\n")) done();
    };
    const done = () => {
      socket.off("data", take);
      resolve(head);
    };
    socket.on("data", take);
    socket.once("close", done);
  });
  if (!received.includes("HTTP/1.1 101")) return { refused: received.toString() };
  return { socket: withStart(socket, received.subarray(received.indexOf("\r\n\r\n") + 4)) };
}

/** Returns a connection whose first bytes were read already: HTTP/2 may follow the 101 at once. */
function withStart(socket: Socket, start: Buffer): Duplex {
  const connection = new Duplex({
    read() {},
    write: (chunk, _encoding, done) => void socket.write(chunk, () => done()),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  // Bun's HTTP/2 must not get bytes while it writes.
  const push = (chunk: Buffer) => void setImmediate(() => connection.push(chunk));
  if (start.length > 0) push(start);
  socket.on("data", push);
  socket.on("error", () => connection.destroy());
  socket.on("close", () => setImmediate(() => connection.destroy()));
  return connection;
}

/** Connects to `POST /grpc`. */
export async function connectBuildKit(socketPath: string): Promise<GrpcClient> {
  const upgraded = await upgrade(socketPath, "/grpc");
  if ("refused" in upgraded) throw new Error(upgraded.refused);
  return openGrpcClient(upgraded.socket);
}

/** Opens a session that serves the given methods. */
export async function serveSession(
  socketPath: string,
  { id, key = "key", services }: { id: string; key?: string; services: Services },
): Promise<Duplex> {
  const upgraded = await upgrade(socketPath, "/session", {
    "X-Docker-Expose-Session-Uuid": id,
    "X-Docker-Expose-Session-Sharedkey": key,
    "X-Docker-Expose-Session-Grpc-Method": [...services.keys()],
  });
  if ("refused" in upgraded) throw new Error(upgraded.refused);
  createGrpcServer(services).serve(upgraded.socket);
  return upgraded.socket;
}

/** A file that a test's client has; `path` may have any bytes. */
export interface SentFile {
  path: string | Buffer;
  kind?: "file" | "directory" | "link";
  text?: string;
  link?: string;
  mode?: number;
  /** Nanoseconds since the epoch. */
  modified?: bigint;
  /** Length of the list's entry, if it differs from the text. */
  size?: number;
}

/** Returns a function that serves directories by name, and counts the files that the daemon asked for. */
export function serveDirectories(directories: Record<string, SentFile[]>): {
  handler: (call: ServerCall) => Promise<void>;
  requested: string[];
} {
  const requested: string[] = [];
  return {
    requested,
    async handler(call) {
      const { "dir-name": name, followpaths } = call.metadata;
      const wanted = followpaths === undefined ? undefined : String(followpaths).split(/,\s*/);
      const files = (directories[String(name)] ?? []).filter(
        ({ path }) => wanted?.includes(String(path)) ?? true,
      );
      // Not awaited one by one: the list of a large directory is a few large writes.
      for (const file of files) {
        call
          .send(packet.encode({ type: packetType.stat, stats: [statMessage.encode(statOf(file))] }))
          .catch(() => {});
      }
      await call.send(packet.encode({ type: packetType.stat }));
      for await (const message of call.messages) {
        const { type, id } = packet.decode(message);
        if (type === packetType.end) {
          await call.send(packet.encode({ type: packetType.end }));
          return;
        }
        if (type !== packetType.request) continue;
        const file = files[id];
        requested.push(String(file?.path));
        const data = Buffer.from(file?.text ?? "");
        for (const part of data.length > 0 ? [data, undefined] : [undefined]) {
          const message = { type: packetType.data, id, ...(part ? { data: part } : {}) };
          call.send(packet.encode(message)).catch(() => {});
        }
      }
    },
  };
}

function statOf({ path, kind = "file", text = "", link = "", mode = 0o644, ...given }: SentFile): FileStat {
  const kinds = { file: 0, directory: goMode.directory, link: goMode.link };
  return {
    path: Buffer.from(path),
    mode: kinds[kind] + mode,
    uid: 0,
    gid: 0,
    size: given.size ?? (kind === "file" ? text.length : 0),
    modified: given.modified ?? 1_700_000_000_123_456_000n,
    link: Buffer.from(link),
    deviceMajor: 0,
    deviceMinor: 0,
    attributes: new Map(),
  };
}

/** Calls `Control.Solve` with the front end for Dockerfiles. */
export async function solve(
  client: GrpcClient,
  request: Partial<Decoded<typeof solveRequest>>,
  signal: AbortSignal = new AbortController().signal,
): Promise<Map<string, string>> {
  const method = { path: `${control}/Solve`, request: solveRequest, response: solveResponse, signal };
  const { exporterResponse } = await client.unary(method, { frontend: "dockerfile.v0", ...request });
  return exporterResponse;
}

/** Returns everything that `Control.Status` reports about a build. */
export async function statusOf(client: GrpcClient, ref: string): Promise<Decoded<typeof statusResponse>> {
  using call = client.call(`${control}/Status`, {}, new AbortController().signal);
  await call.send(statusRequest.encode({ ref }));
  call.end();
  const all = statusResponse.decode(new Uint8Array());
  for await (const message of call.messages) {
    const one = statusResponse.decode(message);
    all.vertexes.push(...one.vertexes);
    all.statuses.push(...one.statuses);
    all.logs.push(...one.logs);
    all.warnings.push(...one.warnings);
  }
  return all;
}
