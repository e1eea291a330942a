import { ownedPath } from "#client/daemon/socket-owner.ts";
import { daemonSocket } from "#client/daemon/socket-path.ts";
import { TboxError } from "#support/errors.ts";
import { createResponseReader, type PlainResponse } from "./response-reader.ts";

/**
 * A connection to the daemon that stays open, for one request at a time. It replaces `fetch`, whose own work takes about as
 * long as the daemon's and would be measured, too.
 */
export interface ApiConnection extends Disposable {
  /** Sends a request, with a JSON body if one is given. Resolves with every status. */
  exchange(method: string, target: string, body?: string): Promise<PlainResponse>;
}

/** Opens a connection to the running daemon. */
async function openApiConnection(): Promise<ApiConnection> {
  let waiting: PromiseWithResolvers<PlainResponse> | undefined;
  const fail = (cause?: unknown) =>
    waiting?.reject(new TboxError("unavailable", "the daemon has closed the connection", { cause }));
  const read = createResponseReader((response) => waiting?.resolve(response));
  const socket = await Bun.connect({
    unix: ownedPath(await daemonSocket()),
    socket: {
      data: (_, bytes) => {
        try {
          read(bytes);
        } catch (error) {
          fail(error);
        }
      },
      close: () => fail(),
      error: (_, error) => fail(error),
    },
  });
  return {
    exchange(method, target, body = "") {
      waiting = Promise.withResolvers();
      const type = body === "" ? "" : "Content-Type: application/json\r\n";
      const length = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
      const request = `${method} ${target} HTTP/1.1\r\nHost: docker\r\n${type}${length}\r\n${body}`;
      // Requests are smaller than the socket's buffer, which is empty between two requests.
      if (socket.write(request) !== Buffer.byteLength(request)) fail();
      return waiting.promise;
    },
    [Symbol.dispose]: () => void socket.end(),
  };
}

/** Connections that clients share, so that each client has one while it needs it. */
export interface ApiConnections extends Disposable {
  /** Runs a function with a connection that no other function uses. A connection that fails is not used again. */
  use<Result>(run: (connection: ApiConnection) => Promise<Result>): Promise<Result>;
}

/** Opens connections as they are needed, and closes them at the end. */
export function openApiConnections(): ApiConnections {
  const free: ApiConnection[] = [];
  return {
    async use(run) {
      const connection = free.pop() ?? (await openApiConnection());
      const result = await run(connection);
      free.push(connection);
      return result;
    },
    [Symbol.dispose]() {
      for (const connection of free.splice(0)) connection[Symbol.dispose]();
    },
  };
}
