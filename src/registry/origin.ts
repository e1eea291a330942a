/** What credentials belong to: they go to this scheme, host and port and to no other. */
export function sameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host;
}

/** Whether a host name can only mean this machine: the one case in which plain http is no risk. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** The base of a registry's API: http for loopback and for hosts that the user has listed. */
export function registryBase(domain: string, insecure: readonly string[]): URL {
  // Docker Hub's API lives elsewhere than its name says.
  const host = domain === "docker.io" ? "registry-1.docker.io" : domain;
  const { hostname } = new URL(`https://${host}`);
  const scheme = isLoopback(hostname) || insecure.includes(domain) ? "http" : "https";
  return new URL(`${scheme}://${host}`);
}
