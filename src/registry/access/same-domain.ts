import { isIP } from "node:net";

/**
 * Returns whether two hosts belong to one registrable domain, such as `auth.docker.io` and `registry-1.docker.io`.
 * Hosts below a public suffix such as `co.uk` or `github.io` do not belong together.
 */
export async function isSameDomain(one: string, two: string): Promise<boolean> {
  if (one === two) return true;
  if (isAddress(one) || isAddress(two)) return false;
  // The public suffix list takes about 20 ms to load, so it is loaded on demand.
  const { getDomain } = await import("tldts");
  const options = { allowPrivateDomains: true };
  const domain = getDomain(one, options);
  return domain !== null && domain === getDomain(two, options);
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || isIP(hostname) !== 0;
}
