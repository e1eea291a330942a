import { readFileSync } from "node:fs";
import { resolvesNames } from "#network/network.ts";
import { invalidArgument } from "#support/errors.ts";
import type { NameSettings } from "./hosts-file.ts";
import { isBridged, networksOf } from "./network-mode.ts";

/** Returns the content of /etc/resolv.conf for the networks of a container. */
export function resolvConf(settings: NameSettings): string {
  const { hostConfig } = settings;
  const { Dns = [], DnsSearch = [], DnsOptions = [] } = hostConfig;
  for (const word of [...Dns, ...DnsSearch, ...DnsOptions]) {
    if (/[\s\0]/.test(word)) throw invalidArgument(`invalid DNS setting ${JSON.stringify(word)}`);
  }
  if (isBridged(hostConfig.NetworkMode)) {
    const named = Object.keys(networksOf(settings)).some((name) => resolvesNames({ name }));
    if (named || Dns.length === 0) return embeddedResolver({ DnsSearch, DnsOptions, named });
  }
  const lines = [
    ...Dns.map((server) => `nameserver ${server}`),
    ...(DnsSearch.length > 0 ? [`search ${DnsSearch.join(" ")}`] : []),
    ...(DnsOptions.length > 0 ? [`options ${DnsOptions.join(" ")}`] : []),
  ];
  if (lines.length > 0) return `${lines.join("\n")}\n`;
  // The host's name server is reachable on the host's network only.
  return hostConfig.NetworkMode === "host" ? hostResolvConf() : "";
}

interface ResolverSettings {
  DnsSearch: string[];
  DnsOptions: string[];
  /** Whether the resolver knows the names of other containers. */
  named: boolean;
}

/**
 * Returns a resolv.conf for the resolver of the net helper. The resolver listens on 127.0.0.11 in every network
 * namespace and forwards to the name servers that the host uses at the time of the query.
 */
function embeddedResolver({ DnsSearch, DnsOptions, named }: ResolverSettings): string {
  const host = hostResolvConf().split("\n");
  const hostOptions = host.flatMap((line) => /^options\s+(.*)$/.exec(line)?.[1]?.trim().split(/\s+/) ?? []);
  const options = DnsOptions.length > 0 ? [...DnsOptions] : hostOptions;
  // Otherwise libc would look up the names of containers in the host's search domains first.
  if (named && !options.some((option) => option.startsWith("ndots:"))) options.push("ndots:0");
  const search =
    DnsSearch.length > 0
      ? [`search ${DnsSearch.join(" ")}`]
      : host.filter((line) => /^(search|domain)\s/.test(line));
  const lines = [
    "nameserver 127.0.0.11",
    ...search,
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function hostResolvConf(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}
