import { invalidArgument, TboxError } from "#support/errors.ts";
import { remoteCaller } from "./caller/remote-caller.ts";
import { connectDaemon } from "./daemon/connect.ts";
import { daemonError } from "./daemon/daemon-error.ts";
import { namesStore } from "./daemon/require-store.ts";
import { ownedPath } from "./daemon/socket-owner.ts";
import { type DaemonSocket, daemonSocket, knownSocket } from "./daemon/socket-path.ts";
import { connectionError, isAbsence } from "./daemon/try-connect.ts";

export interface ApiRequest {
  /** Parameters; an array repeats its parameter. */
  query?: Record<string, string | string[] | undefined>;
  headers?: Record<string, string>;
  /** Body that is sent as JSON. */
  json?: unknown;
  /** Body of any other type. */
  body?: ReadableStream<Uint8Array> | Blob;
  signal?: AbortSignal;
}

/** Sends a request to the daemon, starting one when none runs; throws the daemon's error. */
export async function request(method: string, path: string, options: ApiRequest = {}): Promise<Response> {
  const response = await send(method, path, options);
  if (response.status >= 400) throw daemonError(response.status, await response.text());
  return response;
}

/** Returns the API path of an object with a name or ID. */
export function pathTo(collection: string, name: string, rest = ""): string {
  return `/${collection}/${escapeName(name)}${rest}`;
}

/** Escapes a name for a path. Slashes, colons and at signs stay, as in the requests of Docker's clients. */
export function escapeName(name: string): string {
  // A URL parser drops these segments, so that the path would name another object.
  if (name.split("/").some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw invalidArgument(`invalid name: "${name}"`);
  }
  return encodeURIComponent(name).replace(/%(2F|3A|40)/g, (code) => decodeURIComponent(code));
}

async function send(method: string, path: string, options: ApiRequest): Promise<Response> {
  const caller = remoteCaller();
  if (caller !== undefined) return attempt(caller.fetch, method, path, options);
  const known = knownSocket() ?? (await daemonSocket());
  // A stream cannot be sent again, so the daemon must be running before the request. Where another user could
  // listen, a connection shows which user does, and where the caller names a store, which store answers.
  const isChecked = known.owner !== undefined || namesStore(known);
  if (options.body instanceof ReadableStream || isChecked) (await connectDaemon()).close();
  try {
    return await attempt(overSocket(known), method, path, options);
  } catch (error) {
    if (!isAbsence(error)) throw failure(known, error);
  }
  (await connectDaemon()).close();
  const socket = await daemonSocket();
  try {
    return await attempt(overSocket(socket), method, path, options);
  } catch (error) {
    throw failure(socket, error);
  }
}

type Fetch = (target: string, init: RequestInit) => Promise<Response>;

function overSocket(socket: DaemonSocket): Fetch {
  return (target, init) => {
    // The answer of `wait` may take weeks.
    const options = { unix: ownedPath(socket), timeout: false as const };
    return fetch(`http://tbox${target}`, { ...init, ...options });
  };
}

function attempt(send: Fetch, method: string, path: string, options: ApiRequest): Promise<Response> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    for (const one of value === undefined ? [] : [value].flat()) query.append(name, one);
  }
  const headers = { ...options.headers };
  if (options.json !== undefined) headers["Content-Type"] = "application/json";
  const body = options.json === undefined ? (options.body ?? null) : JSON.stringify(options.json);
  const target = `${path}${query.size > 0 ? `?${query}` : ""}`;
  return send(target, { method, headers, body, signal: options.signal ?? null });
}

function failure(socket: DaemonSocket, error: unknown): unknown {
  const aborted = error instanceof Error && error.name === "AbortError";
  return aborted
    ? new TboxError("cancelled", "cancelled", { cause: error })
    : connectionError(socket.address ?? socket.path, error);
}

/** Yields the lines of a body that are not blank. */
export async function* splitLines(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<string, void, void> {
  if (body === null) return;
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") yield rest;
}
