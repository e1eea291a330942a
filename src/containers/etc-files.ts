import { readFileSync, writeFileSync } from "node:fs";
import type { Mount } from "#native/protocol.ts";
import type { Joined } from "#network/network.ts";
import { TboxError } from "#support/errors.ts";
import type { ContainerFiles } from "./directories.ts";
import { isBridged } from "./network-mode.ts";
import type { ContainerRecord } from "./record.ts";

/** The part of a container that names and name servers depend on. */
export type NameSettings = Pick<ContainerRecord, "config" | "hostConfig">;

const names = ["hostname", "hosts", "resolv.conf"] as const;

/** The files over /etc that every container gets; those of a read-only one are read-only. */
export function etcMounts(readonly: boolean): Mount[] {
  return names.map((name) => ({ type: "store-file", name, target: `/etc/${name}`, readonly }));
}

/** What they say. */
export function etcFiles(settings: NameSettings, hostname: string): ContainerFiles {
  return {
    hostname: `${hostname}\n`,
    hosts: hosts(settings, hostname, []),
    "resolv.conf": resolver(settings),
  };
}

/** What they say for a container that asks for nothing special. */
export function usualFiles(id: string): ContainerFiles {
  return etcFiles({ config: {}, hostConfig: {} }, id.slice(0, 12));
}

/** Adds the addresses that a container has from this start on to its own name. */
export function writeHosts(
  directory: string,
  settings: NameSettings,
  { hostname, joined }: { hostname: string; joined: Joined },
): void {
  const addresses = joined.endpoints.flatMap(({ ipv4, ipv6 }) => [
    ipv4.address,
    ...(ipv6 ? [ipv6.address] : []),
  ]);
  writeFileSync(`${directory}/hosts`, hosts(settings, hostname, addresses), { mode: 0o644 });
}

function hosts({ config, hostConfig }: NameSettings, hostname: string, addresses: string[]): string {
  const [first = "", ...rest] = hostname.split(".");
  // A hostname with dots is the full one, and its first part the short one.
  const short = rest.length > 0 ? `${hostname} ${first}` : hostname;
  const fullName = config.Domainname ? `${hostname}.${config.Domainname} ${hostname}` : short;
  const lines = [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::\tip6-localnet",
    "ff00::\tip6-mcastprefix",
    "ff02::1\tip6-allnodes",
    "ff02::2\tip6-allrouters",
    ...(isBridged(hostConfig.NetworkMode) ? addresses : ["127.0.1.1"]).map(
      (address) => `${address}\t${fullName}`,
    ),
    ...(hostConfig.ExtraHosts ?? []).map(extraHost),
  ];
  return `${lines.join("\n")}\n`;
}

/** `name:address`, or `name=address` where the address has colons. */
function extraHost(entry: string): string {
  const [, name = "", address = ""] = /^([^:=]+)[:=](.+)$/.exec(entry) ?? [];
  if (address === "host-gateway") {
    throw new TboxError("not-implemented", `extra host ${entry}: host-gateway is not supported yet`);
  }
  if (!/^[\w.-]+$/.test(name) || !/^\[?[0-9a-fA-F:.]+\]?$/.test(address)) {
    throw new TboxError("invalid-argument", `bad format for add-host: ${JSON.stringify(entry)}`);
  }
  return `${address.replace(/^\[|\]$/g, "")}\t${name}`;
}

function resolver({ hostConfig }: NameSettings): string {
  const { Dns = [], DnsSearch = [], DnsOptions = [] } = hostConfig;
  for (const word of [...Dns, ...DnsSearch, ...DnsOptions]) {
    if (/[\s\0]/.test(word))
      throw new TboxError("invalid-argument", `invalid DNS setting ${JSON.stringify(word)}`);
  }
  const own = [
    ...Dns.map((server) => `nameserver ${server}`),
    ...(DnsSearch.length > 0 ? [`search ${DnsSearch.join(" ")}`] : []),
    ...(DnsOptions.length > 0 ? [`options ${DnsOptions.join(" ")}`] : []),
  ];
  if (own.length > 0) return `${own.join("\n")}\n`;
  // Without a network there is nobody to ask; with the host's the host's resolver answers.
  if (isBridged(hostConfig.NetworkMode)) return forwarder();
  return hostConfig.NetworkMode === "host" ? hostResolver() : "";
}

/** The net helper listens there in every sandbox, and asks whom the host would ask at that time. */
function forwarder(): string {
  const kept = hostResolver()
    .split("\n")
    .filter((line) => /^(search|domain|options)\s/.test(line));
  return `${["nameserver 127.0.0.11", ...kept].join("\n")}\n`;
}

function hostResolver(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}
