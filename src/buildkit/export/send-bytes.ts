import { invalidArgument } from "#support/errors.ts";
import { type BuildScope, sessionOf } from "../frontend/build-scope.ts";
import type { Vertex } from "../progress/vertices.ts";
import { bytesMessage } from "../protocol/common.ts";

const send = "/moby.filesync.v1.FileSend/DiffCopy";

/** Maximum size of a message in bytes. */
const mostBytes = 256 * 1024;

/** Sends bytes to the file that the client has chosen for an output. */
export async function sendBytes(
  scope: BuildScope,
  bytes: AsyncIterable<Uint8Array>,
  { index, vertex }: { index: number; vertex: Vertex },
): Promise<void> {
  const session = await sessionOf(scope);
  if (!session.supports(send)) throw invalidArgument("the client does not accept files");
  using call = session.client.call(send, { "buildkit-attachable-exporter-id": String(index) }, scope.signal);
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
