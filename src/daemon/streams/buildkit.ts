import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { BuildKit } from "#buildkit/open-buildkit.ts";
import type { Engine } from "#engine/engine.ts";

/** Returns BuildKit's protocol, which is loaded when the first client needs it. */
export type LoadBuildKit = () => Promise<BuildKit>;

export function lazyBuildKit({ builder, images, networks }: Engine): LoadBuildKit {
  let loading: Promise<BuildKit> | undefined;
  return () => {
    loading ??= import("#buildkit/open-buildkit.ts").then(({ openBuildKit }) =>
      openBuildKit({ builder, images }, networks.gateway(undefined)),
    );
    return loading;
  };
}

/** Tests for a request that starts gRPC on its connection. */
export function isBuildKit(method: string | undefined, path: string): boolean {
  return method === "POST" && (path === "/grpc" || path === "/session");
}

/** Serves `POST /grpc`, on which the client calls the daemon, and `POST /session`, on which the daemon calls the client. */
export async function serveBuildKit(
  load: LoadBuildKit,
  path: string,
  { headers }: IncomingMessage,
  socket: Duplex,
): Promise<void> {
  const buildKit = await load();
  const session = path === "/session" ? buildKit.checkSession(headers) : undefined;
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  // Nothing may wait here: the client may send at once, and HTTP/2 must receive the first byte.
  if (session) buildKit.openSession(session, socket);
  else buildKit.serve(socket);
}
