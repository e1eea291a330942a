import { invalidArgument, TboxError } from "#support/errors.ts";
import { type BuildScope, sessionOf } from "../frontend/build-scope.ts";
import type { ClientCall } from "../grpc/client.ts";
import type { Vertex } from "../progress/vertices.ts";
import { packet, packetType, stat as statMessage } from "../protocol/files.ts";
import { openFileSend } from "../sessions/open-file-send.ts";
import type { ImageFiles } from "./image-files.ts";

/** Files of the list that are written together. */
const batch = 200;

/** Sends files to a directory of the client. */
export async function sendFiles(
  scope: BuildScope,
  files: ImageFiles,
  { index, vertex }: { index: number; vertex: Vertex },
): Promise<void> {
  using call = openFileSend(await sessionOf(scope), index, scope.signal);
  let sent = 0;
  await answerRequests(call, files, (count) => {
    sent += count;
    vertex.part("copying files", { current: sent });
  });
  vertex.part("copying files", { current: sent, done: true });
}

/** Sends the list of files, then the contents that the client asks for. */
async function answerRequests(
  call: ClientCall,
  files: ImageFiles,
  onBytes: (count: number) => void,
): Promise<void> {
  const listing = sendList(call, files);
  // A failure of the client ends the messages below.
  listing.catch(() => {});
  for await (const message of call.messages) {
    const { type, id, data } = packet.decode(message);
    if (type === packetType.error) throw new TboxError("unavailable", `the client: ${Buffer.from(data)}`);
    if (type === packetType.request) {
      const file = files.files[id];
      if (!file) throw invalidArgument(`the client asks for the file ${id}, which does not exist`);
      for (const chunk of files.read(file)) {
        await call.send(packet.encode({ type: packetType.data, id, data: chunk }));
        onBytes(chunk.length);
      }
      await call.send(packet.encode({ type: packetType.data, id }));
    }
    if (type === packetType.end) {
      await listing;
      await call.send(packet.encode({ type: packetType.end }));
      call.end();
    }
  }
}

async function sendList(call: ClientCall, { files }: ImageFiles): Promise<void> {
  for (const [index, { path, stat }] of files.entries()) {
    const encoded = statMessage.encode({ ...stat, path: Buffer.from(path) });
    const sent = call.send(packet.encode({ type: packetType.stat, stats: [encoded] }));
    // Messages that are not awaited one by one are written together.
    if (index % batch === 0) await sent;
    else sent.catch(() => {});
  }
  await call.send(packet.encode({ type: packetType.stat }));
}
