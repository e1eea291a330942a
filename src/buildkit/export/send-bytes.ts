import type { BuildScope } from "../frontend/build-scope.ts";
import type { Vertex } from "../progress/vertices.ts";
import { bytesMessage } from "../protocol/common.ts";
import { openFileSend } from "./open-file-send.ts";

/** Maximum size of a message in bytes. */
const mostBytes = 256 * 1024;

/** Sends bytes to the file that the client has chosen for an output. */
export async function sendBytes(
  scope: BuildScope,
  bytes: AsyncIterable<Uint8Array>,
  { index, vertex }: { index: number; vertex: Vertex },
): Promise<void> {
  using call = await openFileSend(scope, index);
  let sent = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += mostBytes) {
      await call.send(bytesMessage.encode({ data: chunk.subarray(at, at + mostBytes) }));
    }
    sent += chunk.length;
    vertex.part("sending tarball", { current: sent });
  }
  call.end();
  // The client reports a failed write as the status of the call.
  for await (const _ of call.messages);
  vertex.part("sending tarball", { current: sent, done: true });
}
