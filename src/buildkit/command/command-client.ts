import { randomUUID } from "node:crypto";
import type { RegistryCredentials } from "#oci/registry-credentials.ts";
import type { OutputClient } from "../sessions/output-client.ts";
import type { CommandEvent } from "./command-build.ts";
import { layoutDestination } from "./layout-directory.ts";
import type { PendingOutputs } from "./pending-outputs.ts";

/** Returns the destinations of `tbox build`: directories of this machine, and outputs that the command fetches. */
export function commandOutput(
  pending: PendingOutputs,
  {
    credentials,
    emit,
    signal,
  }: {
    credentials: (
      domain: string,
    ) => RegistryCredentials | undefined | Promise<RegistryCredentials | undefined>;
    emit: (event: CommandEvent) => void;
    signal: AbortSignal;
  },
): OutputClient {
  return {
    credentials: async (domain) => credentials(domain),
    store: async (id) => layoutDestination(id.replace(/^local:/, "")),
    async sendBytes(index, bytes, onSent) {
      const token = randomUUID();
      const read = pending.offer(token, counted(bytes, onSent), signal);
      emit({ type: "ready", index, token });
      await read;
    },
  };
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  onSent: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    yield chunk;
    onSent(chunk.length);
  }
}
