import type { LaunchRequest } from "#native/protocol/launch.ts";
import { type NetworkNamespace, resolvesNames } from "#network/network.ts";
import { defaultNetwork } from "#network/networks.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { isIsolated } from "../request/isolation.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { requireRunning } from "../state/require-running.ts";
import { shareEtcFiles } from "./etc-files.ts";
import { updateLinkingContainers, writeNetworkFiles } from "./network-files.ts";
import { networkMode, networksOf } from "./network-mode.ts";
import { namesOn } from "./network-request.ts";
import { explainPortFailure } from "./port-conflict.ts";
import { planPorts } from "./ports.ts";

/** Connects a starting container to its networks; `fresh` excludes network namespaces created in advance. */
export async function joinNetworks(
  services: ContainerServices,
  record: ContainerRecord,
  { fresh }: { fresh: boolean },
): Promise<LaunchRequest["network"]> {
  const mode = networkMode(record.hostConfig.NetworkMode);
  switch (mode.kind) {
    case "container":
      return shareNetwork(services, record, mode.container);
    case "own":
      return joinOwnNetworks(services, record, fresh);
    default:
      // The host's /etc/hosts may have changed since the create.
      if (mode.kind === "host") writeNetworkFiles(services, record, undefined);
      notifyNetworks(services, record, "connect");
      return { type: mode.kind };
  }
}

/**
 * Releases the network namespace, addresses and ports of a container. The promise resolves when the published ports are
 * free. Returns no promise without published ports.
 */
export function leaveNetworks(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<void> | undefined {
  const { network } = record;
  if (record.shared) delete record.shared;
  if (network === undefined) return undefined;
  delete record.network;
  services.records.registerUses(record);
  const left = services.networks.leave(network);
  return network.ports ? left : undefined;
}

/** Publishes an event for each network of a container. */
export function notifyNetworks(
  services: ContainerServices,
  record: ContainerRecord,
  action: "connect" | "disconnect",
): void {
  for (const name in networksOf(record)) services.notifyNetwork(action, name, record);
}

/** Publishes the container's ports, unless they are already published or no network reaches the container. */
export async function publishPorts(
  services: ContainerServices,
  record: ContainerRecord,
  namespace: NetworkNamespace,
): Promise<void> {
  const ports = planPorts(record.config, record.hostConfig);
  if (ports.length === 0 || namespace.ports || !services.networks.isReachable(namespace)) return;
  await services.networks.publish(namespace, ports).catch((error) => {
    throw explainPortFailure(services.records, error);
  });
}

async function joinOwnNetworks(
  services: ContainerServices,
  record: ContainerRecord,
  fresh: boolean,
): Promise<LaunchRequest["network"]> {
  const endpoints = Object.entries(networksOf(record)).map(([name, settings]) => {
    const network = services.networks.get(name);
    return { network, settings, names: namesOn(record, network) };
  });
  const named = endpoints.some(({ network }) => resolvesNames(network));
  const servers = named ? (record.hostConfig.Dns ?? []) : [];
  const isolated = isIsolated(record, services.runtime(record.id).buildStep);
  const joining = services.networks.join({ endpoints, servers, fresh, isolated });
  const namespace = joining instanceof Promise ? await joining : joining;
  if (!namespace) {
    if (planPorts(record.config, record.hostConfig).length === 0) {
      writeNetworkFiles(services, record, undefined);
      return { type: "none" };
    }
    throw new TboxError("unavailable", services.networks.problem() ?? "no network to publish ports on");
  }
  record.network = namespace;
  services.records.registerUses(record);
  await publishPorts(services, record, namespace);
  writeNetworkFiles(services, record, namespace);
  if (Object.hasOwn(networksOf(record), defaultNetwork)) updateLinkingContainers(services, record);
  notifyNetworks(services, record, "connect");
  return { type: "sandbox", sandbox: namespace.sandbox };
}

function shareNetwork(
  services: ContainerServices,
  record: ContainerRecord,
  name: string,
): LaunchRequest["network"] {
  const owner = services.records.find(name);
  if (owner.id === record.id) throw invalidArgument("cannot join own network");
  requireRunning(owner, `cannot join network of a non running container: ${owner.id}`);
  if (record.config.Rootfs === undefined && owner.config.Rootfs === undefined) {
    shareEtcFiles(containerDirectory(services, owner.id), containerDirectory(services, record.id));
  }
  const onHost = owner.hostConfig.NetworkMode === "host" || owner.shared?.type === "host";
  record.shared = onHost ? { type: "host" } : { type: "process", pid: owner.state.pid };
  return record.shared;
}
