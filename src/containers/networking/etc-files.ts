import { readFileSync, writeFileSync } from "node:fs";
import type { Mount } from "#native/zygote/protocol.ts";
import { type NetworkNamespace, resolvesNames } from "#network/network.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { DirectoryFiles } from "../state/container-directories.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { isBridged, networksOf } from "./network-mode.ts";

/** Fields of a record that hosts, hostname and resolv.conf depend on. */
export type NameSettings = Pick<ContainerRecord, "config" | "hostConfig" | "networks">;

const names = ["hostname", "hosts", "resolv.conf"] as const;

/** Plans the mounts over /etc/hostname, /etc/hosts and /etc/resolv.conf that every container has. */
export function etcMounts(readonly: boolean): Mount[] {
  return names.map((name) => ({ type: "store-file", name, target: `/etc/${name}`, readonly }));
}

/** Line of /etc/hosts. */
export interface HostEntry {
  address: string;
  names: string[];
}

/** Names and addresses of a container for its /etc/hosts. */
export interface HostsContext {
  hostname: string;
  /** Endpoints of the container; before the first start the endpoints that it will probably get. */
  joined: NetworkNamespace | undefined;
  /** Address that `host-gateway` stands for. */
  gateway: string | undefined;
  /** Lines of link targets. */
  linked?: HostEntry[];
}

/** Returns the content of the three files. */
export function etcFiles(settings: NameSettings, context: HostsContext) {
  return {
    hostname: `${context.hostname}\n`,
    hosts: hosts(settings, context),
    "resolv.conf": resolvConf(settings),
  };
}

/** Returns the content of the three files for a container without settings of its own. */
export function defaultEtcFiles(id: string, joined: NetworkNamespace | undefined): DirectoryFiles {
  return etcFiles({ config: {}, hostConfig: {} }, { hostname: id.slice(0, 12), joined, gateway: undefined });
}

/** Writes /etc/hosts unless `current`, its known content, is up to date. */
export function writeHosts(
  directory: string,
  settings: NameSettings,
  { current, ...context }: HostsContext & { current: string | undefined },
): void {
  const text = hosts(settings, context);
  if (text !== current) writeFileSync(`${directory}/hosts`, text, { mode: 0o644 });
}

/** Writes resolv.conf for the container's current networks. */
export function writeResolvConf(directory: string, settings: NameSettings): void {
  writeFileSync(`${directory}/resolv.conf`, resolvConf(settings), { mode: 0o644 });
}

/** Copies the three files of a container whose network namespace another container shares. */
export function shareEtcFiles(from: string, to: string): void {
  for (const name of names) writeFileSync(`${to}/${name}`, readFileSync(`${from}/${name}`), { mode: 0o644 });
}

function hosts(
  { config, hostConfig }: NameSettings,
  { hostname, joined, gateway, linked = [] }: HostsContext,
): string {
  const addresses = (joined?.endpoints ?? []).flatMap(({ ipv4, ipv6 }) => [
    ipv4.address,
    ...(ipv6 ? [ipv6.address] : []),
  ]);
  const [first = "", ...rest] = hostname.split(".");
  // The first label of a fully qualified hostname is its short form.
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

/** Parses `name:address`, or `name=address` for an address with colons, into a line of /etc/hosts. */
function extraHost(entry: string, gateway: string | undefined): string {
  const [, name = "", given = ""] = /^([^:=]+)[:=](.+)$/.exec(entry) ?? [];
  if (given === "host-gateway" && gateway === undefined) {
    throw new TboxError("unavailable", `extra host ${entry}: no network has a gateway to the host`);
  }
  const address = given === "host-gateway" ? (gateway ?? "") : given;
  if (!/^[\w.-]+$/.test(name) || !/^\[?[0-9a-fA-F:.]+\]?$/.test(address)) {
    throw invalidArgument(`bad format for add-host: ${JSON.stringify(entry)}`);
  }
  return `${address.replace(/^\[|\]$/g, "")}\t${name}`;
}

function resolvConf(settings: NameSettings): string {
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
 * Returns a resolv.conf for the resolver of the net helper. It listens on 127.0.0.11 in every network namespace and
 * forwards to the name servers that the host uses at the time of the query.
 */
function embeddedResolver({ DnsSearch, DnsOptions, named }: ResolverSettings): string {
  const host = hostResolvConf().split("\n");
  const hostOptions = host.flatMap((line) => /^options\s+(.*)$/.exec(line)?.[1]?.trim().split(/\s+/) ?? []);
  const options = DnsOptions.length > 0 ? [...DnsOptions] : hostOptions;
  // Without it libc would look up the names of containers in the host's search domains first.
  if (named && !options.some((option) => option.startsWith("ndots:"))) options.push("ndots:0");
  return `${[
    "nameserver 127.0.0.11",
    ...(DnsSearch.length > 0
      ? [`search ${DnsSearch.join(" ")}`]
      : host.filter((line) => /^(search|domain)\s/.test(line))),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
  ].join("\n")}\n`;
}

function hostResolvConf(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}
