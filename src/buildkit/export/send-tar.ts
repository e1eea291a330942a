import { TboxError } from "#support/errors.ts";
import { type BuildScope, sessionOf } from "../frontend/build-scope.ts";
import { bytesMessage } from "../protocol/common.ts";

const send = "/moby.filesync.v1.FileSend/DiffCopy";
/** Maximum size of a message in bytes. */
const mostBytes = 256 * 1024;

/** Sends the files of an image to the client as a tar. */
export async function sendTar(
  scope: BuildScope,
  { index, id }: { index: number; id: string },
): Promise<Map<string, string>> {
  const { services, vertices, signal } = scope;
  await vertices.during("exporting to client tarball", async (vertex) => {
    const session = await sessionOf(scope);
    if (!session.supports(send)) throw new TboxError("invalid-argument", "the client does not accept files");
    using call = session.client.call(send, { "buildkit-attachable-exporter-id": String(index) }, signal);
    let sent = 0;
    for await (const chunk of services.builder.files(id)) {
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
  });
  return new Map();
}
