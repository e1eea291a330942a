import { type EndpointSettings, type Link, type Network, resolvesNames } from "#network/network.ts";
import { defaultNetwork } from "#network/networks.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import type { ContainerRecords } from "../state/container-records.ts";
import type { HostEntry } from "./hosts-file.ts";
import { type NetworkMode, networkMode } from "./network-mode.ts";

/**
 * Alias of a container for another container on the default network, which has no name resolution. On user-defined
 * networks the resolver serves links.
 */
export interface ContainerLink {
  from: ContainerRecord;
  alias: string;
  to: ContainerRecord;
}

/** Adds links to the settings of an endpoint, without duplicates. */
export function withLinks(settings: EndpointSettings, more: Link[]): EndpointSettings {
  const { links = [] } = settings;
  const fresh = more.filter(
    ({ name, alias }) => !links.some((one) => one.name === name && one.alias === alias),
  );
  return fresh.length === 0 ? settings : { ...settings, links: [...links, ...fresh] };
}

/** Creates the error for links in a network mode without them (Docker's text). */
export function linkConflict(kind: Exclude<NetworkMode["kind"], "own">): TboxError {
  const type = kind === "container" ? "container type network" : `${kind} type networking`;
  return invalidArgument(
    `conflicting options: ${type} can't be used with links. This would result in undefined behavior`,
  );
}

/**
 * Replaces names with IDs in links on a network without name resolution. Throws invalid-argument for a container that
 * cannot be a link target.
 */
export function resolveLinks(
  records: ContainerRecords,
  network: Network,
  settings: EndpointSettings,
): EndpointSettings {
  if (!settings.links || resolvesNames(network)) return settings;
  return {
    ...settings,
    links: settings.links.map(({ name, alias }) => ({ name: networkOwner(records, name).id, alias })),
  };
}

const noLinks: ContainerLink[] = [];

/** Returns the links of a container whose targets still exist. */
export function linksOf(
  { records }: Pick<ContainerServices, "records">,
  from: ContainerRecord,
): ContainerLink[] {
  const links = from.networks?.[defaultNetwork]?.links;
  // Most containers have no links, and lists ask for those of all containers.
  if (!links) return noLinks;
  return links.flatMap(({ name, alias }) => {
    const to = records.withId(name);
    return to ? [{ from, alias, to }] : [];
  });
}

/** Returns the links of all containers whose targets still exist. */
export function allLinks(services: Pick<ContainerServices, "records">): ContainerLink[] {
  const found: ContainerLink[] = [];
  for (const record of services.records.all()) {
    const links = linksOf(services, record);
    if (links.length > 0) found.push(...links);
  }
  return found;
}

/** Throws internal, as Docker does, when a link target does not run or is not on the default network. */
export function requireLinkTargets(services: ContainerServices, record: ContainerRecord): void {
  for (const link of linksOf(services, record)) {
    const { alias, to } = link;
    if (!isRunning(to)) {
      const message = `Cannot link to a non running container: /${to.name} AS /${record.name}/${alias}`;
      throw new TboxError("internal", message);
    }
    if (targetEndpoint(link)) continue;
    const message = `Cannot link to /${to.name}, as it does not belong to the default network`;
    throw new TboxError("internal", message);
  }
}

/** Returns the lines of /etc/hosts for the link targets that run. */
export function linkedHosts(services: ContainerServices, record: ContainerRecord): HostEntry[] {
  return linksOf(services, record).flatMap((link) => {
    const { alias, to } = link;
    const names = [...new Set([alias, to.config.Hostname ?? "", to.name])];
    const { ipv4, ipv6 } = targetEndpoint(link) ?? {};
    return [ipv4, ipv6].flatMap((address) => (address ? [{ address: address.address, names }] : []));
  });
}

/** Returns the target's endpoint on the default network; nothing when it has none or does not run. */
export function targetEndpoint({ to: { network } }: ContainerLink) {
  return network?.endpoints.find(({ name }) => name === defaultNetwork);
}

/** Returns the container that owns the network namespace of the named one. */
function networkOwner(records: ContainerRecords, name: string): ContainerRecord {
  const record = find(records, name);
  const mode = networkMode(record.hostConfig.NetworkMode);
  switch (mode.kind) {
    case "container":
      return networkOwner(records, mode.container);
    case "host":
    case "none":
      throw invalidArgument(`cannot link to ${name}`, linkConflict(mode.kind));
    case "own":
      return record;
  }
}

function find(records: ContainerRecords, name: string): ContainerRecord {
  try {
    return records.find(name);
  } catch (cause) {
    // Clients take not-found for a missing image, and pull it.
    throw invalidArgument(`could not get container for ${name}`, cause);
  }
}
