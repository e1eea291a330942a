import type { IncomingHttpHeaders } from "node:http2";
import type { Message } from "../protocol/schema.ts";

/** A call that a client makes to the daemon. */
export interface ServerCall {
  metadata: IncomingHttpHeaders;
  /** Aborted when the client cancels the call or disconnects. */
  signal: AbortSignal;
  messages: AsyncIterable<Uint8Array>;
  /** Sends a message; resolves when the client accepts more. */
  send(message: Uint8Array): Promise<void>;
}

/** Carries out a call; an error becomes the status of the call. */
export type Handler = (call: ServerCall) => Promise<void>;

/** Handlers by path: `/package.Service/Method`. */
export type Services = Map<string, Handler>;

/** Returns the handler of a method with one request and one response. */
export function unary<Request, Response>(
  request: Message<Request>,
  response: Message<Response>,
  answer: (request: Request, call: ServerCall) => Promise<Partial<Response>> | Partial<Response>,
): Handler {
  return async (call) => {
    const given = request.decode(await only(call.messages));
    await call.send(response.encode(await answer(given, call)));
  };
}

/** Returns the handler of a method with one request and a stream of responses. */
export function streaming<Request, Response>(
  request: Message<Request>,
  response: Message<Response>,
  answer: (request: Request, call: ServerCall) => AsyncIterable<Partial<Response>>,
): Handler {
  return async (call) => {
    const given = request.decode(await only(call.messages));
    for await (const one of answer(given, call)) await call.send(response.encode(one));
  };
}

/** Returns the first message; an empty one if there is none. */
async function only(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const message of messages) return message;
  return new Uint8Array();
}
