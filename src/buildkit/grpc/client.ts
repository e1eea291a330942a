import { type ClientHttp2Session, connect } from "node:http2";
import type { Duplex } from "node:stream";
import type { Message } from "../protocol/schema.ts";
import { allSent, readMessages, sendMessage } from "./frames.ts";
import { errorOfTrailers, GrpcError, statusCode } from "./grpc-error.ts";

/** Metadata of a call; a name with several values is repeated. */
export type Metadata = Record<string, string | string[]>;

/** A call with streams in both directions. Disposing of it cancels a call that has not ended. */
export interface ClientCall extends Disposable {
  /** The messages of the peer; throws the error with which the call ends. */
  messages: AsyncIterable<Uint8Array>;
  send(message: Uint8Array): Promise<void>;
  /** Ends the messages of this side. */
  end(): void;
}

/** A connection on which the daemon calls the services of a client. */
export interface GrpcClient {
  call(path: string, metadata: Metadata, signal: AbortSignal): ClientCall;
  /** Calls a method with one request and one response. */
  unary<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Partial<Request>,
  ): Promise<Response>;
  /** Aborted when the connection is closed. */
  closed: AbortSignal;
  close(): void;
}

export interface UnaryMethod<Request, Response> {
  path: string;
  request: Message<Request>;
  response: Message<Response>;
  metadata?: Metadata;
  signal: AbortSignal;
}

/** Opens a client on a connection whose other side is the server of HTTP/2. */
export function openGrpcClient(connection: Duplex): GrpcClient {
  const session = connect("http://localhost", { createConnection: () => connection });
  const gone = new AbortController();
  const leave = () => gone.abort(new GrpcError(statusCode.unavailable, "the client closed its session"));
  session.on("error", leave);
  session.on("close", leave);
  connection.on("error", leave);
  connection.on("close", leave);
  const client: GrpcClient = {
    closed: gone.signal,
    close: () => {
      session.destroy();
      connection.destroy();
    },
    call(path, metadata, signal) {
      gone.signal.throwIfAborted();
      signal.throwIfAborted();
      return openCall(
        session,
        { ...requestHeaders(path), ...metadata },
        AbortSignal.any([signal, gone.signal]),
      );
    },
    async unary({ path, request, response, metadata = {}, signal }, given) {
      using call = client.call(path, metadata, signal);
      await call.send(request.encode(given));
      call.end();
      let answer: Uint8Array | undefined;
      for await (const message of call.messages) answer ??= message;
      if (answer === undefined) throw new GrpcError(statusCode.internal, `${path} returned no message`);
      return response.decode(answer);
    },
  };
  return client;
}

function requestHeaders(path: string) {
  return { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
}

function openCall(session: ClientHttp2Session, headers: Metadata, signal: AbortSignal): ClientCall {
  const stream = session.request(headers);
  let trailers: Record<string, unknown> | undefined;
  // A call without messages has its status in the headers.
  stream.on("response", (received) => {
    if (received["grpc-status"] !== undefined) trailers = received;
  });
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.on("error", () => {});
  const cancel = () => stream.destroy();
  signal.addEventListener("abort", cancel, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", cancel));
  return {
    messages: readToEnd(readMessages(stream), () => trailers, signal),
    send: (message) => sendMessage(stream, message),
    end: () => void allSent(stream).then(() => stream.end()),
    [Symbol.dispose]() {
      if (!stream.closed) stream.destroy();
    },
  };
}

async function* readToEnd(
  messages: AsyncGenerator<Uint8Array>,
  trailers: () => Record<string, unknown> | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield* messages;
  signal.throwIfAborted();
  const received = trailers();
  if (received === undefined)
    throw new GrpcError(statusCode.unavailable, "the client ended the call without a response");
  const failure = errorOfTrailers(received);
  if (failure) throw failure;
}
