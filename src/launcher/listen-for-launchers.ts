import { isUtf8 } from "node:buffer";
import { rmSync } from "node:fs";
import { callerFrame, launcherFrame, launcherSocketName } from "#api/streams/command-stream.ts";
import { createFrameDecoder, type FrameDecoder } from "#client/streams/frames.ts";
import type { LocalApi } from "#daemon/server/local-api.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { openLog } from "#support/log.ts";
import { LauncherConnection } from "./launcher-connection.ts";
import { serveCommand } from "./serve-command.ts";

const log = openLog("api");

/** State of a connection. */
interface Data {
  decoder: FrameDecoder;
  connection: LauncherConnection;
  /** Takes the frames after the request. */
  receive?: (type: number, payload: Uint8Array) => void;
}

/**
 * Serves launchers on a socket in the private run directory. This daemon must be the only one of the directory. Disposing
 * of it closes all connections.
 */
export function listenForLaunchers(runDirectory: string, api: LocalApi): Disposable {
  const path = `${runDirectory}/${launcherSocketName}`;
  rmSync(path, { force: true });
  // Other users cannot enter the directory either.
  const umask = process.umask(0o177);
  const listener = Bun.listen<Data>({
    unix: path,
    socket: {
      binaryType: "buffer",
      open(socket) {
        const decoder = createFrameDecoder(callerFrame.request);
        socket.data = { decoder, connection: new LauncherConnection(socket) };
      },
      data(socket, bytes) {
        try {
          take(socket.data, bytes, api);
        } catch (error) {
          log.error(`launcher: ${errorChain(error)}`);
          socket.terminate();
        }
      },
      drain: ({ data }) => data.connection.flush(),
      end: ({ data }) => data.connection.lose(),
      close: ({ data }) => data.connection.lose(),
      error: ({ data }) => data.connection.lose(),
    },
  });
  process.umask(umask);
  return {
    [Symbol.dispose]() {
      listener.stop(true);
      rmSync(path, { force: true });
    },
  };
}

function take(data: Data, bytes: Uint8Array, api: LocalApi): void {
  for (const { type, bytes: payload } of data.decoder.push(bytes)) {
    if (data.receive !== undefined) data.receive(type, payload);
    else if (type === callerFrame.request) {
      // The main program receives the bytes from the kernel; here they would change.
      if (!isUtf8(payload)) data.connection.end(launcherFrame.handOver, new Uint8Array(0));
      else data.receive = serveCommand(payload, data.connection, api);
    } else throw new TboxError("invalid-argument", `unexpected frame of type ${type}`);
  }
}
