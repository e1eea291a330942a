import type { ExportDestination } from "#images/export/image-exports.ts";
import type { RemoteContent } from "#images/transfer/remote-content.ts";
import type { Descriptor } from "#oci/descriptor.ts";
import type { Digest } from "#oci/digest.ts";
import { documentLimit } from "#oci/manifest.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { GrpcError, statusCode } from "../grpc/grpc-error.ts";
import {
  infoRequest,
  infoResponse,
  readContentRequest,
  readContentResponse,
  writeAction,
  writeContentRequest,
  writeContentResponse,
} from "../protocol/content.ts";
import type { Session } from "./session.ts";

const service = "/containerd.services.content.v1.Content";

/** Bytes of one message. */
const pieceSize = 1024 * 1024;

/** A content store of the client, such as a directory with an OCI layout. */
export interface SessionStore {
  session: Session;
  /** The client's name for the store. */
  id: string;
}

/** Returns the content that begins with a digest in a client's store. */
export function remoteOfStore(store: SessionStore, top: Digest, name: string): RemoteContent {
  return {
    name,
    async top(signal) {
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const piece of readBlob(store, { digest: top, offset: 0, signal })) {
        size += piece.length;
        if (size > documentLimit)
          throw invalidArgument(`${name}: the manifest has over ${documentLimit} bytes`);
        pieces.push(piece);
      }
      const bytes = Buffer.concat(pieces);
      const found = `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
      if (found === top) return bytes;
      throw invalidArgument(`${name}: the manifest has the digest ${found}, not ${top}`);
    },
    open: async (blob, offset, signal) => ({
      offset,
      bytes: readBlob(store, { digest: blob.digest, offset, signal }),
    }),
  };
}

async function* readBlob(
  { session, id }: SessionStore,
  { digest, offset, signal }: { digest: Digest; offset: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  using call = session.client.call(`${service}/Read`, metadataOf(id), signal);
  await call.send(readContentRequest.encode({ digest, offset }));
  call.end();
  for await (const message of call.messages) yield readContentResponse.decode(message).data;
}

/** Returns a client's store as the destination of an export. */
export function storeDestination(store: SessionStore): ExportDestination {
  return {
    hasBlob: (digest, signal) => hasBlob(store, digest, signal),
    async putBlob({ digest, size, read }, { signal, onProgress }) {
      await writeBlob(store, { digest, size, bytes: read(0, size) }, { signal, onProgress });
      return { mountedFrom: undefined };
    },
    async putManifest({ digest, bytes }, signal) {
      const blob = { digest, size: bytes.length, bytes: piecesOf(bytes) };
      await writeBlob(store, blob, { signal, onProgress: () => {} });
    },
  };
}

async function hasBlob({ session, id }: SessionStore, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const method = { path: `${service}/Info`, request: infoRequest, response: infoResponse, signal };
  try {
    await session.client.unary({ ...method, metadata: metadataOf(id) }, { digest });
    return true;
  } catch (error) {
    if (error instanceof GrpcError && error.code === statusCode.notFound) return false;
    throw error;
  }
}

interface WriteOptions {
  signal: AbortSignal;
  onProgress: (bytes: number) => void;
}

/** Writes a blob. The client checks its digest, and reports a blob that it has already. */
async function writeBlob(
  { session, id }: SessionStore,
  { digest, size, bytes }: Pick<Descriptor, "digest" | "size"> & { bytes: AsyncIterable<Uint8Array> },
  { signal, onProgress }: WriteOptions,
): Promise<void> {
  using call = session.client.call(`${service}/Write`, metadataOf(id), signal);
  const answers = call.messages[Symbol.asyncIterator]();
  const ref = `tbox-${digest}`;
  const ask = async (request: { action: number; offset?: number; data?: Uint8Array }) => {
    await call.send(writeContentRequest.encode({ ref, total: size, expected: digest, ...request }));
    const { done, value } = await answers.next();
    if (done) throw new TboxError("unavailable", `the client ended the transfer of ${digest}`);
    return writeContentResponse.decode(value).offset;
  };
  try {
    const begun = await ask({ action: writeAction.stat });
    let offset = 0;
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length; at += pieceSize) {
        const data = chunk.subarray(at, at + pieceSize);
        // A client keeps the bytes of an interrupted transfer.
        const missing = data.subarray(Math.max(0, begun - offset));
        offset += data.length;
        if (missing.length === 0) continue;
        await ask({ action: writeAction.write, offset: offset - missing.length, data: missing });
        onProgress(offset);
      }
    }
    await ask({ action: writeAction.commit, offset: size });
    call.end();
  } catch (error) {
    if (!(error instanceof GrpcError && error.code === statusCode.alreadyExists)) throw error;
  }
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function metadataOf(id: string) {
  return { "buildkit-attachable-store-id": id };
}
