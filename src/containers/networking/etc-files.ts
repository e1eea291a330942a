import { readFileSync, writeFileSync } from "node:fs";
import type { Mount } from "#native/zygote/protocol.ts";
import { type NetworkNamespace, resolvesNames } from "#network/network.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ContainerFiles } from "../state/directories.ts";
import type { ContainerRecord } from "../state/record.ts";
import { isBridged, networksOf } from "./network-mode.ts";

/** The part of a container that names and name servers depend on. */
export type NameSettings = Pick<ContainerRecord, "config" | "hostConfig" | "networks">;

const names = ["hostname", "hosts", "resolv.conf"] as const;

/** The files over /etc that every container gets; those of a read-only one are read-only. */
export function etcMounts(readonly: boolean): Mount[] {
  return names.map((name) => ({ type: "store-file", name, target: `/etc/${name}`, readonly }));
}

/** What one line of /etc/hosts says. */
export interface HostEntry {
  address: string;
  names: string[];
}

/** Where a container is. */
export interface Place {
  hostname: string;
  /** The networks that it is on, or is likely to be on. */
  joined: NetworkNamespace | undefined;
  /** The host's address as the container is to have it. */
  gateway: string | undefined;
  /** Others that it knows by words of its own; absent for none. */
  linked?: HostEntry[];
}

/** What they say. */
export function etcFiles(settings: NameSettings, place: Place) {
  return {
    hostname: `${place.hostname}\n`,
    hosts: hosts(settings, place),
    "resolv.conf": resolver(settings),
  };
}

/** What they say for a container that asks for nothing special. */
export function usualFiles(id: string, joined: NetworkNamespace | undefined): ContainerFiles {
  return etcFiles({ config: {}, hostConfig: {} }, { hostname: id.slice(0, 12), joined, gateway: undefined });
}

/** Has /etc/hosts say under what addresses a container is from now on, unless `known` is what it says already. */
export function writeHosts(
  directory: string,
  settings: NameSettings,
  { known, ...place }: Place & { known: string | undefined },
): void {
  const text = hosts(settings, place);
  if (text !== known) writeFileSync(`${directory}/hosts`, text, { mode: 0o644 });
}

/** Has a container ask whom it is to ask on the networks that it is on now. */
export function writeResolver(directory: string, settings: NameSettings): void {
  writeFileSync(`${directory}/resolv.conf`, resolver(settings), { mode: 0o644 });
}

/** Has one container's files say what another's say: they are in the same place. */
export function shareFiles(from: string, to: string): void {
  for (const name of names) writeFileSync(`${to}/${name}`, readFileSync(`${from}/${name}`), { mode: 0o644 });
}

function hosts(
  { config, hostConfig }: NameSettings,
  { hostname, joined, gateway, linked = [] }: Place,
): string {
  const addresses = (joined?.endpoints ?? []).flatMap(({ ipv4, ipv6 }) => [
    ipv4.address,
    ...(ipv6 ? [ipv6.address] : []),
  ]);
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
    ...linked.map(({ address, names }) => `${address}\t${names.join(" ")}`),
    ...(hostConfig.ExtraHosts ?? []).map((entry) => extraHost(entry, gateway)),
  ];
  return `${lines.join("\n")}\n`;
}

/** `name:address`, or `name=address` where the address has colons. */
function extraHost(entry: string, gateway: string | undefined): string {
  const [, name = "", given = ""] = /^([^:=]+)[:=](.+)$/.exec(entry) ?? [];
  if (given === "host-gateway" && gateway === undefined) {
    throw new TboxError(
      "unavailable",
      `extra host ${entry}: there is no network whose gateway would be the host`,
    );
  }
  const address = given === "host-gateway" ? (gateway ?? "") : given;
  if (!/^[\w.-]+$/.test(name) || !/^\[?[0-9a-fA-F:.]+\]?$/.test(address)) {
    throw invalidArgument(`bad format for add-host: ${JSON.stringify(entry)}`);
  }
  return `${address.replace(/^\[|\]$/g, "")}\t${name}`;
}

function resolver(settings: NameSettings): string {
  const { hostConfig } = settings;
  const { Dns = [], DnsSearch = [], DnsOptions = [] } = hostConfig;
  for (const word of [...Dns, ...DnsSearch, ...DnsOptions]) {
    if (/[\s\0]/.test(word)) throw invalidArgument(`invalid DNS setting ${JSON.stringify(word)}`);
  }
  if (isBridged(hostConfig.NetworkMode)) {
    const named = Object.keys(networksOf(settings)).some((name) => resolvesNames({ name }));
    if (named || Dns.length === 0) return forwarder({ DnsSearch, DnsOptions, named });
  }
  const own = [
    ...Dns.map((server) => `nameserver ${server}`),
    ...(DnsSearch.length > 0 ? [`search ${DnsSearch.join(" ")}`] : []),
    ...(DnsOptions.length > 0 ? [`options ${DnsOptions.join(" ")}`] : []),
  ];
  if (own.length > 0) return `${own.join("\n")}\n`;
  // Without a network there is nobody to ask; with the host's the host's resolver answers.
  return hostConfig.NetworkMode === "host" ? hostResolver() : "";
}

interface ResolverWords {
  DnsSearch: string[];
  DnsOptions: string[];
  /** Whether neighbours are found by name. */
  named: boolean;
}

/** The net helper listens there in every sandbox, and asks whom the host would ask at that time. */
function forwarder({ DnsSearch, DnsOptions, named }: ResolverWords): string {
  const host = hostResolver().split("\n");
  const hostOptions = host.flatMap((line) => /^options\s+(.*)$/.exec(line)?.[1]?.trim().split(/\s+/) ?? []);
  const options = DnsOptions.length > 0 ? [...DnsOptions] : hostOptions;
  // A neighbour's name is not to be looked for in the host's domains first.
  if (named && !options.some((option) => option.startsWith("ndots:"))) options.push("ndots:0");
  return `${[
    "nameserver 127.0.0.11",
    ...(DnsSearch.length > 0
      ? [`search ${DnsSearch.join(" ")}`]
      : host.filter((line) => /^(search|domain)\s/.test(line))),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ].join("\n")}\n`;
}

function hostResolver(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}
