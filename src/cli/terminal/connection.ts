import { request } from "#client/api.ts";
import type { ByteSocket } from "#client/daemon/byte-socket.ts";
import { decodeFrames } from "#client/streams/frames.ts";
import { openOutput } from "../output/byte-sink.ts";
import type { SessionTarget } from "./session.ts";

/** Returns the target of a session over an upgraded connection. `path` is the container's or the exec's in the API. */
export function socketTarget(socket: ByteSocket, path: string): SessionTarget {
  // The code that reads the output reports a lost connection.
  const ignore = () => {};
  const post = (action: string, query: Record<string, string>) =>
    void request("POST", `${path}/${action}`, { query }).catch(ignore);
  return {
    writeInput: (bytes) => socket.write(bytes).catch(ignore),
    endInput: () => socket.endWriting(),
    resize: ({ columns, rows }) => post("resize", { h: String(rows), w: String(columns) }),
    signal: (name) => post("kill", { signal: name }),
    close: () => socket.close(),
  };
}

/** Copies a container's output to this program's streams: raw bytes with a terminal, otherwise frames. */
export async function copyOutput(source: AsyncIterable<Uint8Array>, tty: boolean): Promise<void> {
  const write = openOutput();
  if (tty) {
    for await (const bytes of source) await write("stdout", bytes);
    return;
  }
  for await (const { type, bytes } of decodeFrames(source)) {
    await write(type === 2 ? "stderr" : "stdout", bytes);
  }
}
