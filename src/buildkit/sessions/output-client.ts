import type { ExportDestination } from "#images/export/image-exports.ts";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import { bytesMessage } from "../protocol/common.ts";
import { credentialsOf } from "./client-services.ts";
import { storeDestination } from "./content-store.ts";
import { openFileSend } from "./open-file-send.ts";
import type { Session } from "./session.ts";

/** Destinations of a client for outputs and caches, and its credentials for registries. */
export interface OutputClient {
  credentials(domain: string): Promise<RegistryCredentials | undefined>;
  /** Returns a content store of the client, such as a directory with an OCI layout. */
  store(id: string): Promise<ExportDestination>;
  /** Sends the bytes of an output; `index` is its number among the outputs of the build. */
  sendBytes(index: number, bytes: AsyncIterable<Uint8Array>, onSent: (count: number) => void): Promise<void>;
}

/** Maximum size of a message in bytes. */
const mostBytes = 256 * 1024;

/** Returns the destinations of the client of a session. */
export function sessionOutput(find: () => Promise<Session>, signal: AbortSignal): OutputClient {
  return {
    credentials: async (domain) => credentialsOf(await find(), domain, signal),
    store: async (id) => storeDestination({ session: await find(), id }),
    async sendBytes(index, bytes, onSent) {
      using call = openFileSend(await find(), index, signal);
      for await (const chunk of bytes) {
        for (let at = 0; at < chunk.length; at += mostBytes) {
          await call.send(bytesMessage.encode({ data: chunk.subarray(at, at + mostBytes) }));
        }
        onSent(chunk.length);
      }
      call.end();
      // The client reports a failed write as the status of the call.
      for await (const _ of call.messages);
    },
  };
}
