import { isIP } from "node:net";
import { isLoopback, isWithin, withoutBrackets } from "./addresses.ts";

type Environment = Record<string, string | undefined>;

/** Returns the proxy for a URL according to the environment, by the rules of Go's HTTP client, which Docker uses. */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name.toUpperCase()] || "";
  const scheme = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const text = read(scheme) || read("all_proxy");
  if (text === "" || isLoopback(url.hostname) || isExempt(url, read("no_proxy"))) return undefined;
  return URL.parse(/^[a-z0-9+]+:\/\//i.test(text) ? text : `http://${text}`) ?? undefined;
}

function isExempt(url: URL, list: string): boolean {
  const host = withoutBrackets(url.hostname).toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return isWithin(host, entry);
  const [, name = entry, own] = /^(.*?):(\d+)$/.exec(isIP(entry) === 6 ? "" : entry) ?? [];
  if (own !== undefined && own !== port) return false;
  const bare = withoutBrackets(name);
  if (isIP(bare)) return bare === host;
  // `.example.com` and `*.example.com` match subdomains; `example.com` matches itself, too.
  const below = bare.replace(/^\*?\.?/, ".");
  return host.endsWith(below) || host === bare;
}
