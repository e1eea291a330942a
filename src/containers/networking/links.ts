import { type EndpointSettings, type Link, type Network, resolvesNames } from "#network/network.ts";
import { defaultNetwork } from "#network/networks.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecords } from "../state/container-records.ts";
import type { ContainerRecord } from "../state/record.ts";
import type { HostEntry } from "./etc-files.ts";
import { type NetworkMode, networkMode } from "./network-mode.ts";
import { exposedPorts } from "./ports.ts";

/**
 * A container's own word for another one on the default network, where nobody is found by name otherwise. On other
 * networks links are names as all are, which the net helper tells.
 */
export interface ContainerLink {
  from: ContainerRecord;
  alias: string;
  to: ContainerRecord;
}

/** Settings with more links, each of them once. */
export function withLinks(settings: EndpointSettings, more: Link[]): EndpointSettings {
  const { links = [] } = settings;
  const fresh = more.filter(
    ({ name, alias }) => !links.some((one) => one.name === name && one.alias === alias),
  );
  return fresh.length === 0 ? settings : { ...settings, links: [...links, ...fresh] };
}

/** A network mode and links exclude each other (Docker's text). */
export function linkConflict(kind: Exclude<NetworkMode["kind"], "own">): TboxError {
  const rule = `${kind} type networking can't be used with links. This would result in undefined behavior`;
  return invalidArgument(`conflicting options: ${rule}`);
}

/** Puts IDs in the place of names where the network tells none; throws invalid-argument for who cannot be linked to. */
export function settleLinks(
  { records }: Pick<Fleet, "records">,
  network: Network,
  settings: EndpointSettings,
): EndpointSettings {
  if (!settings.links || resolvesNames(network)) return settings;
  return {
    ...settings,
    links: settings.links.map(({ name, alias }) => ({ name: target(records, name).id, alias })),
  };
}

/** Links of a container to those that are there still. */
export function linksOf({ records }: Pick<Fleet, "records">, from: ContainerRecord): ContainerLink[] {
  const { links = [] } = from.networks?.[defaultNetwork] ?? {};
  return links.flatMap(({ name, alias }) => {
    const to = records.withId(name);
    return to ? [{ from, alias, to }] : [];
  });
}

/** Throws conflict for a link to a container that cannot be reached now. */
export function requireLinked(fleet: Fleet, record: ContainerRecord): void {
  for (const link of linksOf(fleet, record)) {
    const { alias, to } = link;
    if (!isRunning(to)) {
      const message = `Cannot link to a non running container: /${to.name} AS /${record.name}/${alias}`;
      throw new TboxError("conflict", message);
    }
    if (place(link)) continue;
    const message = `Cannot link to /${to.name}, as it does not belong to the default network`;
    throw new TboxError("conflict", message);
  }
}

/** Lines of /etc/hosts for those that run. */
export function linkedHosts(fleet: Fleet, record: ContainerRecord): HostEntry[] {
  return linksOf(fleet, record).flatMap((link) => {
    const { alias, to } = link;
    const names = [...new Set([alias, to.config.Hostname ?? "", to.name])];
    const { ipv4, ipv6 } = place(link) ?? {};
    return [ipv4, ipv6].flatMap((address) => (address ? [{ address: address.address, names }] : []));
  });
}

/** Variables that tell a program where those are that run, and what theirs were given. */
export function linkedEnvironment(fleet: Fleet, record: ContainerRecord): string[] {
  return linksOf(fleet, record).flatMap((link) => {
    const address = place(link)?.ipv4.address;
    return address === undefined ? [] : variables(link, address);
  });
}

/** Docker's, but for those that put neighbouring ports together. */
function variables({ from, alias, to }: ContainerLink, address: string): string[] {
  const word = alias.toUpperCase().replaceAll("-", "_");
  const ports = exposedPorts(to.config.ExposedPorts ?? {}).sort(
    (a, b) => a.number - b.number || a.protocol.localeCompare(b.protocol),
  );
  const url = ({ number, protocol }: (typeof ports)[number]) => `${protocol}://${address}:${number}`;
  const [lowest] = ports;
  return [
    ...(lowest ? [`${word}_PORT=${url(lowest)}`] : []),
    ...ports.flatMap((port) => {
      const name = `${word}_PORT_${port.number}_${port.protocol.toUpperCase()}`;
      return [
        `${name}=${url(port)}`,
        `${name}_ADDR=${address}`,
        `${name}_PORT=${port.number}`,
        `${name}_PROTO=${port.protocol}`,
      ];
    }),
    `${word}_NAME=/${from.name}/${alias}`,
    ...(to.config.Env ?? [])
      .filter((entry) => entry.includes("=") && !/^(HOME|PATH)=/.test(entry))
      .map((entry) => `${word}_ENV_${entry}`),
  ];
}

/** Where the other one is; nothing when it does not run, or not there. */
function place({ to: { network } }: ContainerLink) {
  return network?.endpoints.find(({ name }) => name === defaultNetwork);
}

/** Whoever has the network that a container is in. */
function target(records: ContainerRecords, name: string): ContainerRecord {
  const record = find(records, name);
  const mode = networkMode(record.hostConfig.NetworkMode);
  switch (mode.kind) {
    case "container":
      return target(records, mode.container);
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
    // Clients take not-found for the image's absence.
    throw invalidArgument(`could not get container for ${name}`, cause);
  }
}
