import { createServer, type Socket } from "node:net";
import { readRequestHead } from "./read-request-head.ts";

const forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
const badGateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
const unauthorized =
  'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="tbox"\r\nContent-Length: 0\r\n\r\n';

/** Connects to the host of a URL. An error with the code `forbidden` is answered with 403, any other one with 502. */
export type Connect = (target: URL) => Promise<Socket>;

/**
 * Opens an HTTP proxy on loopback and returns its URL. The URL contains a random password, so that other users of the machine
 * cannot use the proxy. It lasts as long as the process.
 */
export function openForwardingProxy(connect: Connect): Promise<string> {
  const secret = crypto.randomUUID();
  const expected = `Basic ${Buffer.from(`tbox:${secret}`).toString("base64")}`;
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    serve(client, connect, expected).catch((error) =>
      client.end(error?.code === "forbidden" ? forbidden : badGateway),
    );
  });
  // An open proxy must not keep the process alive.
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

async function serve(client: Socket, connect: Connect, expected: string): Promise<void> {
  const { lines, rest } = await readRequestHead(client);
  const [request = "", ...headers] = lines;
  const authorized = headers.some(
    (line) => line.toLowerCase().startsWith("proxy-authorization:") && line.endsWith(` ${expected}`),
  );
  if (!authorized) {
    client.end(unauthorized);
    return;
  }
  const [method = "", target = ""] = request.split(" ");
  const isTunnel = method === "CONNECT";
  const url = new URL(isTunnel ? `https://${target}` : target);
  const upstream = await connect(url);
  upstream.on("error", () => client.destroy());
  upstream.on("close", () => client.destroy());
  client.on("close", () => upstream.destroy());
  if (client.destroyed) upstream.destroy();
  if (isTunnel) client.write("HTTP/1.1 200 OK\r\n\r\n");
  else {
    // The connection leads to one host, so the client must open a new connection for the next request.
    const kept = headers.filter((line) => !/^(?:proxy-.*|connection):/i.test(line));
    const head = [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...kept, "Connection: close", "", ""];
    upstream.write(head.join("\r\n"));
  }
  if (rest.length > 0) upstream.write(rest);
  client.pipe(upstream).pipe(client);
}
