import type { TestDaemon } from "#test/support/daemon.ts";
import { tar } from "#test/support/tar.ts";

/** A request with a body or with a long answer, which a client can cancel at any point. */
export interface Interruptible {
  /** Target of the request; `{exec}` is replaced with a new exec. */
  path: string;
  /** Bytes of the body; a text is JSON. */
  body?: string | Uint8Array;
  /** Whether the connection becomes a stream. */
  upgrade?: "tcp" | "websocket";
  /** Whether the answer lasts until the client disconnects. */
  endless?: boolean;
  /** Whether there is no answer, because a registry does not answer. */
  unanswered?: boolean;
  /** Container whose end ends the answer. */
  container?: string;
  /** Path of the object that a completed request makes. */
  makes?: string;
}

const json = (value: unknown) => JSON.stringify(value);
const tree = tar([
  { path: "Dockerfile", content: "FROM box:1\nCOPY filler /filler\nRUN echo built\n" },
  { path: "filler", content: "x".repeat(100_000) },
]);
const files = tar([{ path: "new", content: "x".repeat(100_000) }]);

/** A request of `tbox build` with a context that the client sends. */
const buildLine = json({
  context: { type: "stream" },
  dockerfile: "Dockerfile",
  checkOnly: false,
  tags: ["made:1"],
  ...{ arguments: {}, labels: {}, annotations: {}, secrets: {}, agents: {}, credentials: {}, resources: {} },
  ...{ noCache: true, squash: false, pull: false, allowHostNetwork: false },
  ...{ extraHosts: [], ulimits: [], noCacheStages: [], shmSize: 0 },
  ...{ platforms: [], contexts: {}, outputs: [], cacheFrom: [], cacheTo: [] },
});

/** The options of the rows. */
export interface InterruptibleOptions {
  /** Archive of an image with the name `made:1`. */
  archive: Uint8Array;
  /** Address of a registry that accepts connections and never answers. */
  silent: string;
}

/**
 * Returns the requests, by method and path in the daemon's OpenAPI document. They use the containers `idle` (runs and is
 * silent), `loud` (prints without end) and `stopped`, the network `net`, and the image `box:1`.
 */
export function interruptibles({ archive, silent }: InterruptibleOptions): Record<string, Interruptible[]> {
  return {
    "GET /events": [{ path: "/events", endless: true }],
    "GET /system/df": [{ path: "/system/df" }],
    "POST /auth": [
      {
        path: "/auth",
        body: json({ username: "u", password: "p", serveraddress: `http://${silent}` }),
        endless: true,
        unanswered: true,
      },
    ],
    "GET /distribution/{name}/json": [
      { path: `/distribution/${silent}/some/json`, endless: true, unanswered: true },
    ],
    "POST /images/create": [
      { path: "/images/create?fromSrc=-&repo=made&tag=1", body: files, makes: "/images/made:1" },
      { path: `/images/create?fromImage=${silent}/some&tag=1`, endless: true, unanswered: true },
    ],
    "POST /images/load": [{ path: "/images/load", body: archive, makes: "/images/made:1" }],
    "GET /images/get": [{ path: "/images/get?names=box:1" }],
    "GET /images/{name}/get": [{ path: "/images/box:1/get" }],
    "POST /images/{name}/push": [
      { path: `/images/${silent}/box/push?tag=1`, endless: true, unanswered: true },
    ],
    "GET /containers/{id}/top": [{ path: "/containers/idle/top" }],
    "GET /containers/{id}/changes": [{ path: "/containers/stopped/changes" }],
    "POST /containers/create": [
      { path: "/containers/create?name=made", body: json({ Image: "box:1" }), makes: "/containers/made" },
    ],
    "POST /commit": [
      { path: "/commit?container=stopped&repo=made&tag=1", body: "{}", makes: "/images/made:1" },
    ],
    "POST /containers/{id}/start": [{ path: "/containers/idle/start", body: "{}" }],
    "POST /containers/{id}/update": [
      { path: "/containers/stopped/update", body: json({ RestartPolicy: { Name: "no" } }) },
    ],
    ...streamRequests(),
    "GET /containers/{id}/archive": [
      { path: "/containers/idle/archive?path=/big" },
      { path: "/containers/stopped/archive?path=/big" },
    ],
    "PUT /containers/{id}/archive": [
      { path: "/containers/idle/archive?path=/", body: files },
      { path: "/containers/stopped/archive?path=/", body: files },
    ],
    "GET /containers/{id}/export": [
      { path: "/containers/idle/export" },
      { path: "/containers/stopped/export" },
    ],
    "POST /build": [{ path: "/build?t=made:1&nocache=1", body: tree, makes: "/images/made:1" }],
    "POST /tbox/build": [
      {
        path: "/tbox/build",
        body: Buffer.concat([Buffer.from(`${buildLine}\n`), tree]),
        makes: "/images/made:1",
      },
    ],
    "POST /tbox/check": [{ path: "/tbox/check" }],
    "POST /tbox/run": [
      {
        path: "/tbox/run",
        upgrade: "tcp",
        body: json({
          pull: "never",
          detach: false,
          container: {
            Image: "box:1",
            Cmd: ["sleep", "0.05"],
            AttachStdout: true,
            HostConfig: { AutoRemove: true },
          },
        }),
      },
    ],
  };
}

/** Returns the requests for streams of containers. */
function streamRequests(): Record<string, Interruptible[]> {
  const attach = (name: string, query = "") => `/containers/${name}/attach?stream=1&stdin=1&stdout=1${query}`;
  return {
    "POST /containers/{id}/wait": [{ path: "/containers/idle/wait", endless: true, container: "idle" }],
    "POST /containers/{id}/attach": [
      { path: attach("loud"), upgrade: "tcp", endless: true, container: "loud" },
      { path: attach("idle"), upgrade: "tcp", endless: true, container: "idle" },
      { path: attach("stopped"), upgrade: "tcp", endless: true },
      { path: attach("loud", "&logs=1"), upgrade: "tcp", endless: true, container: "loud" },
      { path: attach("idle"), body: "typed", endless: true, container: "idle" },
    ],
    "GET /containers/{id}/attach/ws": [
      {
        path: "/containers/loud/attach/ws?stream=1&stdout=1",
        upgrade: "websocket",
        endless: true,
      },
    ],
    "GET /containers/{id}/stats": [{ path: "/containers/idle/stats", endless: true }],
    "GET /containers/{id}/logs": [
      { path: "/containers/loud/logs?follow=1&stdout=1", endless: true, container: "loud" },
      { path: "/containers/idle/logs?follow=1&stdout=1", endless: true, container: "idle" },
      { path: "/containers/stopped/logs?stdout=1" },
    ],
    "POST /containers/{id}/exec": [{ path: "/containers/idle/exec", body: json({ Cmd: ["true"] }) }],
    "POST /exec/{id}/start": [
      { path: "/exec/{exec}/start", body: "{}", upgrade: "tcp" },
      { path: "/exec/{exec}/start", body: "{}" },
    ],
    "POST /volumes/create": [
      { path: "/volumes/create", body: json({ Name: "made" }), makes: "/volumes/made" },
    ],
    "POST /networks/create": [
      { path: "/networks/create", body: json({ Name: "made" }), makes: "/networks/made" },
    ],
    "POST /networks/{id}/connect": [{ path: "/networks/net/connect", body: json({ Container: "stopped" }) }],
    "POST /networks/{id}/disconnect": [
      { path: "/networks/net/disconnect", body: json({ Container: "stopped", Force: true }) },
    ],
  };
}

/** Requests without a body, whose answers are short and complete at once. */
export const uninterruptible: ReadonlySet<string> = new Set([
  ...["GET /_ping", "HEAD /_ping", "GET /version", "GET /info", "GET /metrics", "GET /images/search"],
  "GET /tbox/manifests/*",
  // The answer needs a token of a running build.
  "GET /tbox/outputs",
  ...["GET /images/json", "GET /images/{name}/json", "GET /images/{name}/history", "POST /images/{name}/tag"],
  ...["DELETE /images/{name}", "POST /images/prune", "GET /containers/json", "GET /containers/{id}/json"],
  ...["POST /containers/{id}/stop", "POST /containers/{id}/restart", "POST /containers/{id}/kill"],
  ...["POST /containers/{id}/pause", "POST /containers/{id}/unpause", "POST /containers/{id}/resize"],
  ...["POST /containers/{id}/rename", "POST /containers/prune", "DELETE /containers/{id}"],
  ...["DELETE /containers/{id}/{alias}", "GET /exec/{id}/json", "POST /exec/{id}/resize", "GET /volumes"],
  ...["POST /volumes/prune", "GET /volumes/{name}", "DELETE /volumes/{name}", "GET /networks"],
  ...["POST /networks/prune", "GET /networks/{id}", "DELETE /networks/{id}", "POST /build/cancel"],
  ...[
    "POST /build/prune",
    "GET /tbox/doctor",
    "GET /tbox/release",
    "POST /tbox/shutdown",
    "GET /tbox/openapi.json",
  ],
]);

/** Returns the bytes of a request, cut after a part of its body. */
export async function requestBytes(
  daemon: TestDaemon,
  endpoint: string,
  { path, body, upgrade }: Interruptible,
  part: number,
): Promise<Buffer> {
  const method = endpoint.split(" ")[0];
  const whole = Buffer.from(body ?? "");
  const target = path.includes("{exec}") ? path.replace("{exec}", await newExec(daemon)) : path;
  const type = typeof body === "string" ? "application/json" : "application/x-tar";
  const key =
    upgrade === "websocket"
      ? "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
      : "";
  const head = [
    `${method} ${target} HTTP/1.1`,
    "Host: d",
    ...(body === undefined ? [] : [`Content-Type: ${type}`, `Content-Length: ${whole.length}`]),
    ...(upgrade === undefined ? ["Connection: close"] : ["Connection: Upgrade", `Upgrade: ${upgrade}`]),
  ];
  const kept = whole.subarray(0, Math.floor(whole.length * part));
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n${key}\r\n`), kept]);
}

/** Creates an exec that prints more than a client's buffers hold, and ends. */
async function newExec(daemon: TestDaemon): Promise<string> {
  const Cmd = ["head", "-c", "2000000", "/dev/zero"];
  const created = await daemon.request("POST", "/containers/idle/exec", {
    Cmd,
    AttachStdout: true,
    AttachStdin: true,
  });
  return ((await created.json()) as { Id: string }).Id;
}
