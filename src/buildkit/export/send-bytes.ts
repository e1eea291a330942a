import type { BuildScope } from "../frontend/build-scope.ts";
import type { Vertex } from "../progress/vertices.ts";

/** Sends bytes to the file that the client has chosen for an output. */
export async function sendBytes(
  { output }: BuildScope,
  bytes: AsyncIterable<Uint8Array>,
  { index, vertex }: { index: number; vertex: Vertex },
): Promise<void> {
  let sent = 0;
  await output.sendBytes(index, bytes, (count) => {
    sent += count;
    vertex.part("sending tarball", { current: sent });
  });
  vertex.part("sending tarball", { current: sent, done: true });
}
