import { BlockList, isIP } from "node:net";

/** Returns whether two URLs have the same origin. Credentials are sent only to the origin that they belong to. */
export function sameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host;
}

/** Returns whether a host name can only mean this machine. Plain http is safe by default only for such names. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Returns whether the host of a URL has another meaning on each machine, so that no remote server may name it. */
export function isPrivate(hostname: string): boolean {
  return isOfThisMachine(withoutBrackets(hostname));
}

/** Networks of loopback and link-local addresses, with the forms in which IPv6 embeds IPv4 addresses. */
const machineNetworks = (() => {
  const list = new BlockList();
  const ipv4: [string, number][] = [
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["0.0.0.0", 8],
    ["255.255.255.255", 32],
  ];
  for (const [network, length] of ipv4) {
    list.addSubnet(network, length, "ipv4");
    // Mapped (::ffff:0:0/96), compatible (::/96) and translated (64:ff9b::/96) addresses.
    for (const prefix of ["::ffff:", "::", "64:ff9b::"])
      list.addSubnet(prefix + network, 96 + length, "ipv6");
  }
  list.addAddress("::", "ipv6");
  list.addAddress("::1", "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  return list;
})();

/** Returns whether a host name or an address can only mean this machine or its link. */
export function isOfThisMachine(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  const family = isIP(name);
  if (family === 0) return name === "localhost" || name.endsWith(".localhost");
  return machineNetworks.check(name.replace(/%.*$/, ""), family === 4 ? "ipv4" : "ipv6");
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
