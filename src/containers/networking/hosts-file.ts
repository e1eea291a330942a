import { isIP } from "node:net";
import type { NetworkNamespace } from "#network/network.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { isBridged } from "./network-mode.ts";

/** Fields of a record that /etc/hostname, /etc/hosts and /etc/resolv.conf depend on. */
export type NameSettings = Pick<ContainerRecord, "config" | "hostConfig" | "networks">;

/** Line of /etc/hosts. */
export interface HostEntry {
  address: string;
  names: string[];
}

/** Names and addresses of a container for its /etc/hosts. */
export interface HostsContext {
  hostname: string;
  /**
   * Endpoints of the container. Before the first start, these are the endpoints that the container will probably get.
   */
  namespace: NetworkNamespace | undefined;
  /** Address that `host-gateway` stands for. */
  gateway: string | undefined;
  /** Lines of link targets. */
  linked?: HostEntry[];
  /** Content of the host's file, for a container in the host's network. */
  hostFile?: string | undefined;
}

const localEntries = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

/**
 * Returns the content of /etc/hosts. In the host's network it is the host's, unless the request adds names: these can
 * replace names of the host.
 */
export function hostsFile(
  { config, hostConfig }: NameSettings,
  { hostname, namespace, gateway, linked = [], hostFile }: HostsContext,
): string {
  if (hostFile !== undefined && (hostConfig.ExtraHosts ?? []).length === 0) return hostFile;
  const endpointAddresses = (namespace?.endpoints ?? []).flatMap(({ ipv4, ipv6 }) => [
    ipv4.address,
    ...(ipv6 ? [ipv6.address] : []),
  ]);
  const addresses = isBridged(hostConfig.NetworkMode) ? endpointAddresses : ["127.0.1.1"];
  const names = namesOf(hostname, config.Domainname);
  const lines = [
    ...localEntries,
    ...addresses.map((address) => `${address}\t${names}`),
    ...linked.map(({ address, names }) => `${address}\t${names.join(" ")}`),
    ...(hostConfig.ExtraHosts ?? []).map((entry) => extraHost(entry, gateway)),
  ];
  return `${lines.join("\n")}\n`;
}

/** Returns the fully qualified name and the short name, where they differ. */
function namesOf(hostname: string, domain: string | undefined): string {
  if (domain) return `${hostname}.${domain} ${hostname}`;
  // The first label of a fully qualified hostname is its short form.
  const [first = "", ...rest] = hostname.split(".");
  return rest.length > 0 ? `${hostname} ${first}` : hostname;
}

/** Converts `name:address`, or `name=address` for an address with colons, into a line of /etc/hosts. */
function extraHost(entry: string, gateway: string | undefined): string {
  const [, name = "", given = ""] = /^([^:=]+)[:=](.+)$/.exec(entry) ?? [];
  if (given === "host-gateway" && gateway === undefined) {
    throw new TboxError("unavailable", `extra host ${entry}: no network has a gateway to the host`);
  }
  const address = given === "host-gateway" ? (gateway ?? "") : given;
  if (!/^[\w.-]+$/.test(name)) {
    throw invalidArgument(`bad format for add-host: ${JSON.stringify(entry)}`);
  }
  const plain = address.replace(/^\[(.*)\]$/, "$1");
  if (isIP(plain) === 0) throw invalidArgument(`invalid IP address in add-host: ${JSON.stringify(given)}`);
  return `${plain}\t${name}`;
}
