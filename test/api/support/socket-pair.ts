import { connect, createServer, type Socket } from "node:net";
import { temporaryDirectory } from "#test/support/temp.ts";

/** Returns both ends of a connection. Either end can close its side first. */
export async function socketPair(): Promise<[Socket, Socket]> {
  using directory = temporaryDirectory("pair");
  const path = `${directory.path}/socket`;
  const accepted = Promise.withResolvers<Socket>();
  const server = createServer({ allowHalfOpen: true }, accepted.resolve);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const near = connect({ path, allowHalfOpen: true });
  const far = await accepted.promise;
  server.close();
  return [near, far];
}
