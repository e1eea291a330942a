import { BlockList, isIP } from "node:net";

/** Returns whether two URLs have one origin. Credentials are sent to their own origin and to no other. */
export function sameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host;
}

/** Returns whether a host name can only mean this machine. Only there is plain http safe by default. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Addresses that differ in meaning from machine to machine. A remote server must not direct a client to them. */
const privateNetworks = ["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/8", "::1/128", "fe80::/10"];

export function isPrivate(hostname: string): boolean {
  const address = withoutBrackets(hostname);
  return isLoopback(hostname) || privateNetworks.some((network) => isWithin(address, network));
}

/** Returns whether an address belongs to a network such as `10.0.0.0/8`. */
export function isWithin(host: string, network: string): boolean {
  const [address = "", length = ""] = network.split("/");
  const family = isIP(address);
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(length)) return false;
  const kind = family === 4 ? "ipv4" : "ipv6";
  try {
    const list = new BlockList();
    list.addSubnet(address, Number(length), kind);
    return list.check(host, kind);
  } catch {
    // The prefix is longer than an address.
    return false;
  }
}

/** Returns the host name of a URL without the brackets of an IPv6 address. */
export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}
