import { Duplex } from "node:stream";
import { nextTurn } from "../grpc/frames.ts";
import type { ServerCall } from "../grpc/service.ts";
import { bytesMessage } from "../protocol/common.ts";

/** Returns the connection inside a call whose messages are the bytes of the connection. */
export function tunnelOf(call: ServerCall): Duplex {
  const tunnel = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      call.send(bytesMessage.encode({ data: chunk })).then(() => done(), done);
    },
  });
  void pump(call, tunnel);
  call.signal.addEventListener("abort", () => tunnel.destroy(), { once: true });
  return tunnel;
}

async function pump(call: ServerCall, tunnel: Duplex): Promise<void> {
  try {
    for await (const message of call.messages) {
      // HTTP/2 must not get bytes of the tunnel while it handles a frame of the connection around it.
      await nextTurn();
      tunnel.push(Buffer.from(bytesMessage.decode(message).data));
    }
  } catch {
    // A broken call ends the tunnel like a finished one.
  }
  tunnel.destroy();
}
