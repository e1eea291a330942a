import { connect, createServer, type Socket } from "node:net";
import { invalidArgument } from "#support/errors.ts";
import { nextChunk } from "./next-chunk.ts";
import { dialSocks } from "./socks.ts";

const longestHead = 64 * 1024;
const badGateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
const bridges = new Map<string, Promise<string>>();

/**
 * The URL of an HTTP proxy that hands connections on to a SOCKS proxy, which `fetch` does not speak to. It
 * listens on loopback and serves nobody who does not know its password.
 */
export function socksBridge(proxy: URL): Promise<string> {
  const known = bridges.get(proxy.href) ?? openBridge(proxy);
  bridges.set(proxy.href, known);
  return known;
}

function openBridge(proxy: URL): Promise<string> {
  const secret = crypto.randomUUID();
  const expected = `Basic ${Buffer.from(`tbox:${secret}`).toString("base64")}`;
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    serve(client, proxy, expected).catch(() => client.end(badGateway));
  });
  // A connection that waits must not keep the daemon from ending.
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" ? address?.port : undefined;
      resolve(`http://tbox:${secret}@127.0.0.1:${port}`);
    });
  });
}

async function serve(client: Socket, proxy: URL, expected: string): Promise<void> {
  const { lines, rest } = await readHead(client);
  const [request = "", ...headers] = lines;
  const authorized = headers.some(
    (line) => line.toLowerCase().startsWith("proxy-authorization:") && line.endsWith(` ${expected}`),
  );
  if (!authorized) {
    client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const [method = "", target = ""] = request.split(" ");
  const tunnel = method === "CONNECT";
  const url = new URL(tunnel ? `https://${target}` : target);
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  const socket = connect(Number(proxy.port) || 1080, proxy.hostname);
  socket.on("error", () => client.destroy());
  socket.on("close", () => client.destroy());
  client.on("close", () => socket.destroy());
  const early = await dialSocks(socket, proxy, { host: url.hostname.replace(/^\[|\]$/g, ""), port });
  if (tunnel) client.write("HTTP/1.1 200 OK\r\n\r\n");
  else {
    // One request a connection: the next one may be for another host.
    const kept = headers.filter((line) => !/^(?:proxy-.*|connection):/i.test(line));
    const head = [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...kept, "Connection: close", "", ""];
    socket.write(head.join("\r\n"));
  }
  if (early.length > 0) client.write(early);
  if (rest.length > 0) socket.write(rest);
  client.pipe(socket).pipe(client);
}

/** The lines of a request's head, and what came after it. */
async function readHead(client: Socket): Promise<{ lines: string[]; rest: Buffer }> {
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf("\r\n\r\n");
    if (end >= 0) {
      return { lines: read.subarray(0, end).toString("latin1").split("\r\n"), rest: read.subarray(end + 4) };
    }
    if (read.length > longestHead) throw invalidArgument("the head of a request is too long");
    read = Buffer.concat([read, await nextChunk(client)]);
  }
}
