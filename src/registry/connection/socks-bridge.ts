import { createServer, type Socket } from "node:net";
import { withoutBrackets } from "#support/http/addresses.ts";
import { readRequestHead } from "./read-request-head.ts";

const badGateway = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
const unauthorized = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
const defaultSocksPort = 1080;

/** URLs of the bridges by the URL of their SOCKS proxy. */
const bridges = new Map<string, Promise<string>>();

/**
 * Returns the URL of an HTTP proxy on loopback that forwards connections to a SOCKS proxy. The URL contains a random
 * password, so that other users of the machine cannot use the bridge.
 */
export function socksBridge(proxy: URL): Promise<string> {
  const bridge = bridges.get(proxy.href) ?? openBridge(proxy);
  bridges.set(proxy.href, bridge);
  return bridge;
}

function openBridge(proxy: URL): Promise<string> {
  const secret = crypto.randomUUID();
  const expected = `Basic ${Buffer.from(`tbox:${secret}`).toString("base64")}`;
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    serve(client, proxy, expected).catch(() => client.end(badGateway));
  });
  // An open bridge must not keep the daemon alive.
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
  const upstream = await connectThrough(proxy, url);
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

/** Connects to the host of a URL through a SOCKS 5 proxy, which resolves the name. */
async function connectThrough(proxy: URL, target: URL): Promise<Socket> {
  // Few users have a SOCKS proxy, so the library is loaded on demand.
  const { SocksClient } = await import("socks");
  const { username, password } = proxy;
  const { socket } = await SocksClient.createConnection({
    command: "connect",
    proxy: {
      host: withoutBrackets(proxy.hostname),
      port: Number(proxy.port) || defaultSocksPort,
      type: 5,
      ...(username === ""
        ? {}
        : { userId: decodeURIComponent(username), password: decodeURIComponent(password) }),
    },
    destination: {
      host: withoutBrackets(target.hostname),
      port: Number(target.port) || (target.protocol === "https:" ? 443 : 80),
    },
  });
  return socket;
}
