/** A cache service of GitHub Actions with both versions of its protocol. It refuses requests that the real one refuses. */
export interface ActionsCacheServer extends AsyncDisposable {
  /** Base of both versions. */
  url: string;
  /** A workflow's token for the scopes. */
  token: string;
  /** Finished entries by key, oldest first. */
  entries: Map<string, Uint8Array>;
  /** Requests so far, without keys and numbers. */
  requests: string[];
  /** Reserves a key that is never written, as a build that dies does. */
  reserve(key: string): void;
  /** Replaces the answer to requests that the function answers. */
  answer: (request: Request) => Response | undefined;
}

/** A scope of a token: 1 may read, 3 may write as well. */
export type GrantedScope = { Scope: string; Permission: 1 | 3 };

/** Makes a token as GitHub Actions does; valid for an hour unless `expires` is given, in seconds since the epoch. */
export function workflowToken(scopes: GrantedScope[], expires = Date.now() / 1000 + 3600): string {
  const claims = { ac: JSON.stringify(scopes), nbf: Math.floor(expires - 7200), exp: Math.floor(expires) };
  return `${encode({ alg: "HS256" })}.${encode(claims)}.c2ln`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

interface State {
  token: string;
  entries: Map<string, Uint8Array>;
  reserved: Map<string, Reserved>;
  base: () => string;
}

/** An entry that is not finished. */
interface Reserved {
  id: number;
  parts: Map<string, Buffer>;
  whole?: Buffer;
}

const version = new Bun.CryptoHasher("sha256").update("|go-actionscache-1.0").digest("hex");
const signature = "sig=a%2Fb%3D";

export function startActionsCache(
  scopes: GrantedScope[] = [{ Scope: "refs/heads/main", Permission: 3 }],
): ActionsCacheServer {
  const state: State = {
    token: workflowToken(scopes),
    entries: new Map(),
    reserved: new Map(),
    base: () => `http://127.0.0.1:${server.port}`,
  };
  const requests: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    maxRequestBodySize: 64 * 1024 * 1024,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const path = pathname.replace(/^\/blob\/.*/, "/blob").replace(/\/\d+$/, "/N");
      requests.push(
        `${request.method} ${path}${searchParams.has("comp") ? ` ${searchParams.get("comp")}` : ""}`,
      );
      return result.answer(request) ?? (await respond(state, request));
    },
  });
  const result: ActionsCacheServer = {
    url: `${state.base()}/`,
    token: state.token,
    entries: state.entries,
    requests,
    reserve: (key) => void state.reserved.set(key, { id: state.reserved.size + 1, parts: new Map() }),
    answer: () => undefined,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return result;
}

async function respond(state: State, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const authorization = request.headers.get("authorization");
  if (pathname.startsWith("/blob/")) {
    if (authorization !== null) return new Response("a signed address needs no token", { status: 400 });
    return respondBlob(state, request);
  }
  if (authorization !== `Bearer ${state.token}`) return new Response("{}", { status: 401 });
  if (pathname.startsWith("/twirp/"))
    return respondV2(state, pathname.replace(/.*\//, ""), Object(await request.json()));
  return respondV1(state, request);
}

/** Returns the newest entry whose key begins with a prefix. */
function newest({ entries }: State, prefix: string): string | undefined {
  return [...entries.keys()].findLast((key) => key.startsWith(prefix));
}

/** Reserves a key; returns undefined if it is taken. */
function reserve({ reserved, entries }: State, key: string): Reserved | undefined {
  if (reserved.has(key) || entries.has(key)) return undefined;
  const entry = { id: reserved.size + entries.size + 1, parts: new Map() };
  reserved.set(key, entry);
  return entry;
}

/** Makes an entry visible; returns whether it has the announced size. */
function finish({ reserved, entries }: State, key: string, bytes: Buffer | undefined, size: number): boolean {
  if (bytes?.length !== size) return false;
  reserved.delete(key);
  entries.set(key, bytes);
  return true;
}

async function respondV1(state: State, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = url.pathname.replace("/_apis/artifactcache/", "");
  if (!request.headers.get("accept")?.includes("api-version=6.0")) return new Response("", { status: 406 });
  if (path === "cache") {
    const key = newest(state, url.searchParams.get("keys") ?? "");
    if (key === undefined || url.searchParams.get("version") !== version)
      return new Response(null, { status: 204 });
    const archiveLocation = `${state.base()}/blob/${encodeURIComponent(key)}?${signature}`;
    return Response.json({ cacheKey: key, scope: "refs/heads/main", archiveLocation });
  }
  if (path === "caches") {
    const { key } = Object(await request.json());
    const entry = reserve(state, key);
    if (entry) return Response.json({ cacheId: entry.id });
    const error = { typeKey: "ArtifactCacheItemAlreadyExistsException", message: "Cache already exists." };
    return new Response(`\ufeff${JSON.stringify(error)}`, { status: 409 });
  }
  const id = Number(path.replace("caches/", ""));
  const [key, entry] = [...state.reserved].find(([, one]) => one.id === id) ?? [];
  if (key === undefined || !entry) return new Response("{}", { status: 404 });
  if (request.method === "PATCH") {
    const [, start = "", end = ""] =
      /^bytes (\d+)-(\d+)\/\*$/.exec(request.headers.get("content-range") ?? "") ?? [];
    const bytes = Buffer.from(await request.arrayBuffer());
    if (Number(end) - Number(start) + 1 !== bytes.length) return new Response("{}", { status: 416 });
    entry.parts.set(start.padStart(20, "0"), bytes);
    return new Response(null, { status: 204 });
  }
  const { size } = Object(await request.json());
  const parts = [...entry.parts].sort(([a], [b]) => a.localeCompare(b)).map(([, bytes]) => bytes);
  const done = finish(state, key, Buffer.concat(parts), size);
  return done ? new Response(null, { status: 204 }) : new Response("{}", { status: 400 });
}

interface EntryRequest {
  key: string;
  version: string;
  restore_keys?: string[];
  size_bytes?: number;
}

function respondV2(state: State, method: string, request: EntryRequest): Response {
  const { key, restore_keys: prefixes = [], size_bytes: size = -1 } = request;
  if (request.version !== version) return Response.json({ code: "invalid_argument" }, { status: 400 });
  const addressOf = (name: string) => `${state.base()}/blob/${encodeURIComponent(name)}?${signature}`;
  switch (method) {
    case "GetCacheEntryDownloadURL": {
      const found = state.entries.has(key) ? key : newest(state, prefixes[0] ?? key);
      if (found === undefined) return Response.json({ ok: false });
      return Response.json({ ok: true, signed_download_url: addressOf(found), matched_key: found });
    }
    case "CreateCacheEntry":
      if (reserve(state, key)) return Response.json({ ok: true, signed_upload_url: addressOf(key) });
      return Response.json({ code: "already_exists", msg: "cache entry already exists" }, { status: 409 });
    case "FinalizeCacheEntryUpload": {
      const done = finish(state, key, state.reserved.get(key)?.whole, size);
      return done ? Response.json({ ok: true, entry_id: "1" }) : Response.json({ ok: false });
    }
    default:
      return Response.json({ code: "bad_route" }, { status: 404 });
  }
}

/** Answers as Azure's blob storage does. */
async function respondBlob(state: State, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const key = decodeURIComponent(url.pathname.replace("/blob/", ""));
  if (!url.search.includes(signature)) return new Response("", { status: 403 });
  if (request.method === "GET") return sendPart(state.entries.get(key), request.headers.get("range"));
  const entry = state.reserved.get(key);
  if (!entry) return new Response("", { status: 404 });
  if (!request.headers.has("content-length")) return new Response("", { status: 411 });
  const body = Buffer.from(await request.arrayBuffer());
  switch (url.searchParams.get("comp")) {
    case "block":
      entry.parts.set(url.searchParams.get("blockid") ?? "", body);
      break;
    case "blocklist": {
      const ids = [...body.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id = ""]) => id);
      if (ids.some((id) => !entry.parts.has(id))) return new Response("", { status: 400 });
      entry.whole = Buffer.concat(ids.map((id) => entry.parts.get(id) ?? Buffer.alloc(0)));
      break;
    }
    default:
      if (request.headers.get("x-ms-blob-type") !== "BlockBlob") return new Response("", { status: 400 });
      entry.whole = body;
  }
  return new Response(null, { status: 201, headers: { "x-ms-request-id": "1" } });
}

function sendPart(bytes: Uint8Array | undefined, range: string | null): Response {
  if (bytes === undefined) return new Response("", { status: 404 });
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  if (from === 0) return new Response(Buffer.from(bytes));
  const headers = { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  return new Response(Buffer.from(bytes.subarray(from)), { status: 206, headers });
}
