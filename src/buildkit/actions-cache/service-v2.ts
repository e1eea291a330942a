import { TboxError } from "#support/errors.ts";
import { ServiceError } from "./answer.ts";
import type { Connection } from "./connection.ts";
import { below, type CacheService, entryOf, entryVersion, jsonBody, type Upload } from "./service.ts";

/** Returns the service at `ACTIONS_RESULTS_URL`: bytes go to and come from signed addresses of Azure's blob storage. */
export function serviceV2(connection: Connection, base: URL): CacheService {
  const call = (method: string, request: object, signal: AbortSignal) => {
    const url = below(base, `twirp/github.actions.results.api.v1.CacheService/${method}`);
    return connection.call(url, { method: "POST", ...jsonBody(request) }, signal);
  };
  return {
    async find(prefix, signal) {
      const request = { key: prefix, restore_keys: [prefix], version: entryVersion };
      const answer = await unless("missing", call("GetCacheEntryDownloadURL", request, signal));
      if (!answer?.ok) return undefined;
      const address = answer.signed_download_url ?? answer.signedDownloadUrl;
      return entryOf(answer.matched_key ?? answer.matchedKey, address, prefix);
    },
    async reserve(key, size, signal) {
      const entry = { key, version: entryVersion };
      const answer = await unless("taken", call("CreateCacheEntry", entry, signal));
      if (!answer?.ok) return undefined;
      const address = URL.parse(String(answer.signed_upload_url ?? answer.signedUploadUrl));
      if (!address) throw new TboxError("unavailable", "the actions cache returned no address for an upload");
      const blob = blobUpload(connection, { address, size, signal });
      return {
        write: blob.write,
        async finish() {
          await blob.finish();
          const finished = await call("FinalizeCacheEntryUpload", { ...entry, size_bytes: size }, signal);
          if (!finished?.ok) throw new TboxError("unavailable", `the actions cache did not accept ${key}`);
        },
      };
    },
  };
}

/** Returns the answer of a call; undefined if the entry is missing or its key is taken, respectively. */
async function unless(
  reason: "missing" | "taken",
  call: Promise<Record<string, unknown> | undefined>,
): Promise<Record<string, unknown> | undefined> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (reason === "taken" ? error.taken : error.status === 404) return undefined;
    throw error;
  }
}

/** Uploads a block blob: whole if it is written at once, otherwise as a list of blocks. */
function blobUpload(
  connection: Connection,
  { address, size, signal }: { address: URL; size: number; signal: AbortSignal },
): Upload {
  const blocks: string[] = [];
  const put = (
    parameters: Record<string, string>,
    headers: Record<string, string>,
    body: Uint8Array<ArrayBuffer>,
  ) => connection.put(withParameters(address, parameters), { method: "PUT", headers, body }, signal);
  return {
    async write(bytes, offset) {
      if (bytes.length === size) return put({}, { "x-ms-blob-type": "BlockBlob" }, bytes);
      // All names of a blob's blocks have the same length.
      const block = Buffer.from(String(offset).padStart(20, "0")).toString("base64");
      await put({ comp: "block", blockid: block }, {}, bytes);
      blocks.push(block);
    },
    async finish() {
      if (blocks.length === 0) return;
      const list = blocks.map((block) => `<Latest>${block}</Latest>`).join("");
      const text = `<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`;
      const headers = { "Content-Type": "application/xml" };
      await put({ comp: "blocklist" }, headers, new TextEncoder().encode(text));
    },
  };
}

/** Adds parameters to a signed address, whose own stay as they are. */
function withParameters(address: URL, parameters: Record<string, string>): URL {
  const target = new URL(address);
  const added = new URLSearchParams(parameters).toString();
  if (added !== "") target.search += `${target.search === "" ? "?" : "&"}${added}`;
  return target;
}
