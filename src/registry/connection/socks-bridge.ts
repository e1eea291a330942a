import type { Socket } from "node:net";
import { withoutBrackets } from "#support/http/addresses.ts";
import { openForwardingProxy } from "#support/http/forwarding-proxy.ts";

const defaultSocksPort = 1080;

/** URLs of the bridges by the URL of their SOCKS proxy. */
const bridges = new Map<string, Promise<string>>();

/** Returns the URL of an HTTP proxy on loopback that forwards connections to a SOCKS proxy. */
export function socksBridge(proxy: URL): Promise<string> {
  const bridge = bridges.get(proxy.href) ?? openForwardingProxy((target) => connectThrough(proxy, target));
  bridges.set(proxy.href, bridge);
  return bridge;
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
