import { type EndpointSettings, type Network, resolvesNames } from "#network/network.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { CreateRequest, HostConfig } from "../request/create-request.ts";
import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { linkConflict, resolveLinks, withLinks } from "./links.ts";
import { networkMode } from "./network-mode.ts";
import { planPorts } from "./ports.ts";

/**
 * Returns the requested settings for each network of a new container; nothing for one that shares a network
 * namespace. Throws for contradictory settings and unknown networks.
 */
export function requestedNetworks(
  { networks, records }: Pick<ContainerServices, "networks" | "records">,
  request: CreateRequest,
): Record<string, EndpointSettings> | undefined {
  const mode = networkMode(request.HostConfig?.NetworkMode);
  const links = request.HostConfig?.Links ?? [];
  if (mode.kind !== "own") {
    if (links.length > 0) throw linkConflict(mode.kind);
    checkNoNetworks(request);
    if (mode.kind === "container") checkSharedNetwork(request, records.lookup(mode.container));
    return undefined;
  }
  if (mode.network === "container") {
    throw invalidArgument("invalid network mode: invalid container format container:<name|id>");
  }
  const primary = networks.get(mode.network);
  const all = new Map<string, EndpointSettings>([[primary.name, {}]]);
  for (const [name, settings] of Object.entries(request.Networks ?? {})) {
    const network = name === "default" ? primary : networks.get(name);
    if (!network.ipv4) {
      throw invalidArgument(`a container on network ${network.name} cannot be on other networks`);
    }
    all.set(network.name, settings);
  }
  all.set(primary.name, withLinks(all.get(primary.name) ?? {}, links));
  const resolved = [...all].map(([name, settings]) => {
    const network = networks.get(name);
    networks.check(network, settings);
    return [name, resolveLinks(records, network, settings)];
  });
  checkServers(request.HostConfig, [...all.keys()].map(networks.get));
  return Object.fromEntries(resolved);
}

/** Throws not-implemented for name servers that the resolver of these networks cannot reach. */
export function checkServers({ Dns = [] }: HostConfig = {}, networks: Network[]): void {
  const loopback = Dns.find((server) => /^127\.|^::1$/.test(server));
  const named = networks.find(resolvesNames);
  if (loopback === undefined || !named) return;
  const message = `DNS server ${loopback}, a loopback address of the container, is not supported on network ${named.name}`;
  throw new TboxError("not-implemented", message);
}

/** Throws invalid-argument for a request that names networks or their settings in a mode without them. */
function checkNoNetworks({ Networks = {}, HostConfig: { NetworkMode } = {} }: CreateRequest): void {
  const requested = Object.entries(Networks);
  const withSettings = requested.find(([, settings]) => Object.keys(settings).length > 0)?.[0];
  const conflicting = requested.find(([name]) => name !== NetworkMode)?.[0] ?? withSettings;
  if (conflicting === undefined) return;
  throw invalidArgument(`conflicting options: network ${conflicting} and the network mode ${NetworkMode}`);
}

/**
 * Throws for settings that belong to the container whose network namespace is shared, unless they equal that container's
 * settings. That container may not exist yet; the start of the new one fails if it is still missing.
 */
function checkSharedNetwork(
  { HostConfig: host = {}, ...request }: CreateRequest,
  other: ContainerRecord | undefined,
): void {
  const conflicts: [unknown, string][] = [
    // Inspections show the hostname of the other container.
    [request.Hostname !== other?.config.Hostname && request.Hostname, "hostname and the network mode"],
    [host.Dns?.length, "dns and the network mode"],
    [host.ExtraHosts?.length, "custom host-to-IP mapping and the network mode"],
    [
      host.PublishAllPorts || planPorts(request, host).length > 0,
      "port publishing and the container type network mode",
    ],
    [Object.keys(request.ExposedPorts ?? {}).length, "port exposing and the container type network mode"],
  ];
  const conflict = conflicts.find(([set]) => set)?.[1];
  if (conflict === undefined) return;
  throw invalidArgument(`conflicting options: ${conflict}`);
}

/** Returns the names by which other containers on a network find a container. */
export function namesOn(record: ContainerRecord, network: Network): string[] {
  if (!resolvesNames(network)) return [];
  const { aliases = [] } = record.networks?.[network.name] ?? {};
  const short = record.id.slice(0, 12);
  const hostname = record.config.Hostname;
  return [...new Set([record.name, ...aliases, short, ...(hostname ? [hostname] : [])])];
}

/** Returns warnings about requested network settings without effect. */
export function networkWarnings(
  { networks }: Pick<ContainerServices, "networks">,
  record: ContainerRecord,
): string[] {
  const { config, hostConfig } = record;
  const publishes = planPorts(config, hostConfig).length > 0;
  if (record.networks === undefined) {
    const discarded = `Published ports are discarded when using ${hostConfig.NetworkMode} network mode`;
    return publishes ? [discarded] : [];
  }
  const all = Object.keys(record.networks).map((name) => networks.get(name));
  const internal = all.length > 0 && all.every((network) => network.internal);
  const warnings = publishes && internal ? ["Published ports are discarded on internal networks"] : [];
  const problem = networks.problem();
  return problem === undefined ? warnings : [...warnings, problem];
}
