import { BlockList, isIP } from "node:net";

/** What credentials belong to: they go to this scheme, host and port and to no other. */
export function sameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host;
}

/** Whether a host name can only mean this machine: the one case in which plain http is no risk. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Addresses that mean something else on every machine, where no server of others may send a client. */
const privateNetworks = ["127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/8", "::1/128", "fe80::/10"];

export function isPrivate(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  return isLoopback(hostname) || privateNetworks.some((network) => isWithin(address, network));
}

/** Where a registry's API is. */
export interface RegistryBase {
  url: URL;
  /** Asked in place of the first where that does not speak its protocol. */
  otherwise: URL | undefined;
}

/**
 * The base of a registry's API: https, and nothing else, save for loopback, where http comes first, and for hosts
 * that the user has listed, where whoever answers https is believed and http is the second choice.
 */
export function registryBase(domain: string, insecure: readonly string[]): RegistryBase {
  // Docker Hub's API lives elsewhere than its name says.
  const host = domain === "docker.io" ? "registry-1.docker.io" : domain;
  const [https, http] = [new URL(`https://${host}`), new URL(`http://${host}`)];
  if (isListed(domain, https.hostname, insecure)) return { url: https, otherwise: http };
  if (isLoopback(https.hostname)) return { url: http, otherwise: https };
  return { url: https, otherwise: undefined };
}

/** By name, by address with a port or without, or by the network that an address is in. */
function isListed(domain: string, hostname: string, insecure: readonly string[]): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  return insecure.some((entry) =>
    entry.includes("/") ? isWithin(address, entry) : entry === domain || entry === hostname,
  );
}

/** Whether an address is in a network such as `10.0.0.0/8`. */
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
    // A prefix longer than an address.
    return false;
  }
}

/**
 * Whether two hosts are below one name that somebody has registered, as `auth.docker.io` and `registry.docker.io`.
 * Such a name has two parts, and one more below endings like `co.uk`, which belong to everybody.
 */
export function sameDomain(one: string, two: string): boolean {
  if (one === two) return true;
  if (isIP(one) || isIP(two) || one.startsWith("[") || two.startsWith("[")) return false;
  const domain = registered(one);
  return domain !== undefined && domain === registered(two);
}

function registered(host: string): string | undefined {
  const shared = /(?:^|\.)[a-z]{2,3}\.[a-z]{2}$/.test(host);
  const parts = host.split(".");
  const count = shared && parts.length > 2 ? 3 : 2;
  return parts.length < count || parts.includes("") ? undefined : parts.slice(-count).join(".");
}
