import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { openPath } from "#support/path-descriptor.ts";

/**
 * Listens on a socket that every user of a container may use, and forwards each connection to an SSH agent, which itself
 * answers its owner only. Disposal closes all connections.
 */
export async function openAgentForward(agent: string): Promise<Disposable & { path: string }> {
  using opened = new DisposableStack();
  // Its mode, 0700, closes the directory to other users of the machine.
  const directory = mkdtempSync(`${tmpdir()}/tbox-agent-`);
  opened.defer(() => rmSync(directory, { recursive: true, force: true }));
  const path = `${directory}/agent`;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const upstream = connect({ path: agent, allowHalfOpen: true });
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.once("close", () => sockets.delete(one));
    }
    const end = () => {
      socket.destroy();
      upstream.destroy();
    };
    socket.on("error", end);
    upstream.on("error", end);
    socket.pipe(upstream).pipe(socket);
  });
  opened.defer(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  using socket = openPath(path);
  socket.setMode(0o666);
  const held = opened.move();
  return { path, [Symbol.dispose]: () => held.dispose() };
}
