import { openConnection } from "#test/support/connection.ts";

export interface Request {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array | undefined;
}

export interface Answer {
  /** Status of the answer; 0 when none came in time. */
  status: number;
  /** Headers by lower-case name. */
  headers: Record<string, string>;
  body: Buffer;
  /** Whether the connection was still open when the time was over. */
  unfinished: boolean;
}

/** Sends one request on its own connection and reads the answer until the engine closes it or the time is over. */
export async function exchange(socket: string, request: Request, milliseconds: number): Promise<Answer> {
  using connection = await openConnection(socket);
  const upgrade = "Upgrade" in request.headers;
  const headers = {
    Host: "docker",
    Connection: upgrade ? "Upgrade" : "close",
    ...(request.body === undefined ? {} : { "Content-Length": String(request.body.length) }),
    ...request.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.write(`${request.method} ${request.path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  if (request.body !== undefined) connection.writeBytes(request.body);
  if (upgrade) connection.endWriting();
  const timer = Promise.withResolvers<undefined>();
  const timeout = setTimeout(() => timer.resolve(undefined), milliseconds);
  const whole = await Promise.race([connection.ended, timer.promise]);
  clearTimeout(timeout);
  return parseAnswer(whole ?? connection.received(), whole === undefined);
}

function parseAnswer(bytes: Buffer, unfinished: boolean): Answer {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return { status: 0, headers: {}, body: bytes, unfinished };
  const [first = "", ...lines] = bytes.subarray(0, end).toString().split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const rest = bytes.subarray(end + 4);
  const body = headers["transfer-encoding"] === "chunked" ? joinChunks(rest) : rest;
  return { status: Number(first.split(" ")[1]), headers, body, unfinished };
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) break;
    const size = Number.parseInt(bytes.subarray(at, line).toString(), 16);
    if (!(size > 0)) break;
    chunks.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  return Buffer.concat(chunks);
}
