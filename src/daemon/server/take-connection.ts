import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { isRecord } from "#support/json.ts";

/**
 * Takes the connection of a request from the HTTP server, after the request's body was read. Node's server offers this only
 * for requests with `Connection: Upgrade`; Docker does it for every request with `Upgrade: tcp`. The function therefore
 * uses internals of Bun's server, and returns undefined where they are missing: the answer is then an ordinary one.
 */
export function connectionTaker(
  request: IncomingMessage,
  response: ServerResponse,
): (() => Duplex) | undefined {
  const { socket } = request;
  const connection = internal(socket, "handle");
  const answer = internal(response, "handle");
  const stream = internal(socket, "kEnableStreaming");
  if (!isRecord(connection) || answer === undefined || typeof stream !== "function") return undefined;
  const { upgradeToTunnel } = connection;
  if (typeof upgradeToTunnel !== "function") return undefined;
  return () => {
    upgradeToTunnel.call(connection, false, answer);
    stream.call(socket, true);
    return socket;
  };
}

/** Returns the property of an object or its prototypes whose key is a symbol with a description. */
function internal(object: object, description: string): unknown {
  for (let holder: object | null = object; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const key = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description);
    if (key !== undefined) return Reflect.get(object, key);
  }
  return undefined;
}
