import { createServer, type Socket } from "node:net";
import { openLog } from "#support/log.ts";
import { openPath } from "#support/path-descriptor.ts";
import { bytesMessage } from "../protocol/common.ts";
import type { Session } from "./session.ts";

const log = openLog("buildkit");

const forwardAgent = "/moby.sshforward.v1.SSH/ForwardAgent";

/** Listens at a path and forwards each connection to the client's SSH agent, until it is disposed of. */
export async function openAgentSocket(
  session: Session,
  { id, path, signal }: { id: string; path: string; signal: AbortSignal },
): Promise<Disposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    forward(session, { id, socket, signal }).catch((error) => {
      log.debug(() => `SSH agent ${id}: ${error}`);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  // Every user of the build's container may use the agent. Other users of the machine cannot enter the directory.
  using opened = openPath(path);
  opened.setMode(0o666);
  return {
    [Symbol.dispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function forward(
  { client }: Session,
  { id, socket, signal }: { id: string; socket: Socket; signal: AbortSignal },
): Promise<void> {
  using call = client.call(forwardAgent, { "buildkit.ssh.id": id }, signal);
  const sending = (async () => {
    for await (const chunk of socket) await call.send(bytesMessage.encode({ data: chunk }));
    call.end();
  })();
  sending.catch(() => socket.destroy());
  for await (const message of call.messages) socket.write(bytesMessage.decode(message).data);
  socket.end();
}
