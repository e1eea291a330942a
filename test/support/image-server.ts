import type { Blob, TestImage } from "./images.ts";

/** A registry of a few images that counts requests. */
export interface ImageServer extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  host: string;
  /** Bytes sent of each blob, by digest. */
  served: Map<string, number>;
  /** Publishes an image as `app:tag`. */
  publish(tag: string, image: TestImage): void;
  /** Replaces the answers to requests for a blob. */
  answer(digest: string, answer: BlobAnswer): void;
}

/** Returns the answer to a request for a blob from the byte `from` on. */
export type BlobAnswer = (bytes: Uint8Array, from: number) => Response;

export function startImageServer(): ImageServer {
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, Blob>();
  const served = new Map<string, number>();
  const answers = new Map<string, BlobAnswer>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const [, kind, name = ""] =
        /^\/v2\/app\/(manifests|blobs)\/(.+)$/.exec(new URL(request.url).pathname) ?? [];
      if (kind === "manifests") return sendManifest(manifests.get(name));
      const bytes = blobs.get(name);
      if (bytes === undefined) return new Response("{}", { status: 404 });
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "")?.[1] ?? 0);
      served.set(name, (served.get(name) ?? 0) + bytes.length - from);
      const answer = answers.get(name);
      if (answer) return answer(bytes, from);
      if (from === 0) return new Response(Buffer.from(bytes));
      const range = { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      return new Response(Buffer.from(bytes.subarray(from)), { status: 206, headers: range });
    },
  });
  return {
    host: `127.0.0.1:${server.port}`,
    served,
    publish(tag, image) {
      for (const { digest, bytes } of [image.config, ...image.layers]) blobs.set(digest, bytes);
      for (const name of [tag, image.manifest.digest]) manifests.set(name, image.manifest);
    },
    answer: (digest, answer) => void answers.set(digest, answer),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

function sendManifest(manifest: Blob | undefined): Response {
  if (manifest === undefined) return new Response("{}", { status: 404 });
  const headers = { "Content-Type": manifest.mediaType, "Docker-Content-Digest": manifest.digest };
  return new Response(Buffer.from(manifest.bytes), { headers });
}
