import { proxyFor } from "#support/http/proxy.ts";
import { type Certificates, readCertificates, systemAuthorities } from "./certificates.ts";
import { socksBridge } from "./socks-bridge.ts";

export interface TransportOptions {
  /** Directories with one folder per host (`certs.d`); the first that has a host's folder is used. */
  certificates: readonly string[];
  /** Environment of the daemon with the proxy variables. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** Options of `fetch` for one host. */
export interface Connection {
  tls?: { ca?: string[]; cert?: string; key?: string; rejectUnauthorized?: boolean };
  proxy?: string;
}

/** Certificates and proxies of all hosts; certificates are read once per host. */
export interface Transport {
  /** With `acceptsAnyCertificate`, verifies a certificate only if the user has configured authorities for the host. */
  connectionTo(url: URL, acceptsAnyCertificate: boolean): Promise<Connection>;
}

export function openTransport({ certificates, environment }: TransportOptions): Transport {
  const known = new Map<string, Promise<Certificates>>();
  return {
    async connectionTo(url, acceptsAnyCertificate) {
      const proxy = proxyFor(url, environment);
      const connection = proxy === undefined ? {} : { proxy: await httpProxy(proxy) };
      if (url.protocol !== "https:") return connection;
      const found = known.get(url.host) ?? readCertificates(certificates, url.host);
      known.set(url.host, found);
      return { ...connection, tls: await tlsFor(await found, acceptsAnyCertificate) };
    },
  };
}

async function tlsFor({ authorities, client }: Certificates, acceptsAnyCertificate: boolean) {
  if (acceptsAnyCertificate && authorities.length === 0) return { ...client, rejectUnauthorized: false };
  const system = await systemAuthorities();
  return { ...client, ...(system === undefined ? {} : { ca: [system, ...authorities] }) };
}

/** Returns an HTTP proxy for `fetch`, which cannot use a SOCKS proxy itself. */
async function httpProxy(proxy: URL): Promise<string> {
  return /^socks/.test(proxy.protocol) ? socksBridge(proxy) : proxy.href;
}
