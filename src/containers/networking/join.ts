import type { LaunchRequest } from "#native/zygote/protocol.ts";
import { type NetworkNamespace, resolvesNames } from "#network/network.ts";
import { defaultNetwork } from "#network/networks.ts";
import { TboxError } from "#support/errors.ts";
import { containerDirectory, type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { shareFiles, writeHosts, writeResolver } from "./etc-files.ts";
import { linkedHosts, linksOf } from "./links.ts";
import { networkMode, networksOf } from "./network-mode.ts";
import { namesOn } from "./network-request.ts";
import { explainPort } from "./port-conflict.ts";
import { planPorts } from "./ports.ts";

/** Connects a container to its networks; `fresh` wants a network namespace made for it. */
export async function joinNetworks(
  fleet: Fleet,
  record: ContainerRecord,
  { fresh }: { fresh: boolean },
): Promise<LaunchRequest["network"]> {
  const mode = networkMode(record.hostConfig.NetworkMode);
  switch (mode.kind) {
    case "container":
      return share(fleet, record, mode.container);
    case "own":
      return join(fleet, record, fresh);
    default:
      tellNetworks(fleet, record, "connect");
      return { type: mode.kind };
  }
}

/** Gives back what a container had of its networks; there is something to wait for if it had ports. */
export function leaveNetworks(fleet: Fleet, record: ContainerRecord): Promise<void> | undefined {
  const { network } = record;
  if (record.shared) delete record.shared;
  delete record.network;
  fleet.records.registerUses(record);
  const left = network && fleet.networks.leave(network);
  return network?.ports ? left : undefined;
}

/** Tells of every network that a container is on (Docker's events). */
export function tellNetworks(fleet: Fleet, record: ContainerRecord, action: "connect" | "disconnect"): void {
  for (const name in networksOf(record)) fleet.notifyNetwork(action, name, record);
}

async function join(
  fleet: Fleet,
  record: ContainerRecord,
  fresh: boolean,
): Promise<LaunchRequest["network"]> {
  const endpoints = Object.entries(networksOf(record)).map(([name, settings]) => {
    const network = fleet.networks.get(name);
    return { network, settings, names: namesOn(record, network) };
  });
  const named = endpoints.some(({ network }) => resolvesNames(network));
  const servers = named ? (record.hostConfig.Dns ?? []) : [];
  const joining = fleet.networks.join({ endpoints, servers, fresh });
  const joined = joining instanceof Promise ? await joining : joining;
  if (!joined) {
    if (planPorts(record.config, record.hostConfig).length === 0) {
      writeNetworkFiles(fleet, record, undefined);
      return { type: "none" };
    }
    throw new TboxError("unavailable", fleet.networks.problem() ?? "there is no network to publish ports of");
  }
  record.network = joined;
  fleet.records.registerUses(record);
  await publishPorts(fleet, record, joined);
  writeNetworkFiles(fleet, record, joined);
  if (Object.hasOwn(networksOf(record), defaultNetwork)) tellLinked(fleet, record);
  tellNetworks(fleet, record, "connect");
  return { type: "sandbox", sandbox: joined.sandbox };
}

/** Listens on the ports that a container is to have, if it has none yet and anything can reach it. */
export async function publishPorts(
  fleet: Fleet,
  record: ContainerRecord,
  joined: NetworkNamespace,
): Promise<void> {
  const ports = planPorts(record.config, record.hostConfig);
  if (ports.length === 0 || joined.ports || !fleet.networks.isReachable(joined)) return;
  await fleet.networks.publish(joined, ports).catch((error) => {
    throw explainPort(fleet, error);
  });
}

/** Has the files over /etc say where a container is now, and whom it may ask for names. */
export function writeNetworkFiles(
  fleet: Fleet,
  record: ContainerRecord,
  joined: NetworkNamespace | undefined,
): void {
  if (record.config.Rootfs !== undefined) return;
  const directory = containerDirectory(fleet, record.id);
  const hostname = record.config.Hostname ?? "";
  const companion = fleet.companion(record.id);
  const known = companion.hosts;
  // The program may change it from now on.
  companion.hosts = undefined;
  const [gateway, linked] = [fleet.networks.gateway(joined), linkedHosts(fleet, record)];
  writeHosts(directory, record, { hostname, joined, gateway, linked, known });
  // What a directory begins with is right for the default network.
  if (joined && (joined.endpoints.length !== 1 || joined.endpoints[0]?.names))
    writeResolver(directory, record);
}

/** Has those that run and know a container by a word of their own find it where it is now. */
function tellLinked(fleet: Fleet, { id }: ContainerRecord): void {
  for (const other of fleet.records.all()) {
    const knows = isRunning(other) && linksOf(fleet, other).some(({ to }) => to.id === id);
    if (knows) writeNetworkFiles(fleet, other, other.network);
  }
}

function share(fleet: Fleet, record: ContainerRecord, name: string): LaunchRequest["network"] {
  const other = fleet.records.find(name);
  if (!isRunning(other)) {
    throw new TboxError("conflict", `cannot join network of a non running container: ${other.id}`);
  }
  if (record.config.Rootfs === undefined && other.config.Rootfs === undefined) {
    shareFiles(containerDirectory(fleet, other.id), containerDirectory(fleet, record.id));
  }
  const host = other.hostConfig.NetworkMode === "host" || other.shared?.type === "host";
  record.shared = host ? { type: "host" } : { type: "process", pid: other.state.pid };
  return record.shared;
}
