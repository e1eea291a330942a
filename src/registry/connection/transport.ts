import { type Certificates, readCertificates, systemAuthorities } from "./certificates.ts";
import { proxyFor } from "./proxy.ts";
import { socksBridge } from "./socks-bridge.ts";

export interface TransportOptions {
  /** Folders with a folder for each host: `certs.d`. The first that has one counts. */
  certificates: readonly string[];
  /** Of the daemon: the proxies' variables. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** How `fetch` reaches a URL. */
export interface Connection {
  tls?: { ca?: string[]; cert?: string; key?: string; rejectUnauthorized?: boolean };
  proxy?: string;
}

/** The way to every host: its certificates, which are read once, and its proxy. */
export interface Transport {
  /** With `unverified`, whoever answers is taken for the host, unless its folder names authorities. */
  connectionTo(url: URL, unverified: boolean): Promise<Connection>;
}

export function openTransport({ certificates, environment }: TransportOptions): Transport {
  const known = new Map<string, Promise<Certificates>>();
  return {
    async connectionTo(url, unverified) {
      const proxy = proxyFor(url, environment);
      const way = proxy === undefined ? {} : { proxy: await usable(proxy) };
      if (url.protocol !== "https:") return way;
      const found = known.get(url.host) ?? readCertificates(certificates, url.host);
      known.set(url.host, found);
      return { ...way, tls: await tlsFor(await found, unverified) };
    },
  };
}

async function tlsFor({ authorities, own }: Certificates, unverified: boolean) {
  const shown = own ?? {};
  if (unverified && authorities.length === 0) return { ...shown, rejectUnauthorized: false };
  const system = await systemAuthorities();
  return { ...shown, ...(system === undefined ? {} : { ca: [system, ...authorities] }) };
}

async function usable(proxy: URL): Promise<string> {
  return /^socks/.test(proxy.protocol) ? socksBridge(proxy) : proxy.href;
}
