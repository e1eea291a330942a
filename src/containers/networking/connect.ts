import { type EndpointSettings, type Network, resolvesNames } from "#network/network.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { publishPorts } from "./join-networks.ts";
import { writeNetworkFiles } from "./network-files.ts";
import { networkMode, networksOf } from "./network-mode.ts";
import { checkServers, namesOn } from "./network-request.ts";

/** Connects a container to another network: at once if it runs, otherwise at its next start. */
export function connectContainer(
  services: ContainerServices,
  name: string,
  { network: networkName, settings }: { network: string; settings: EndpointSettings },
): Promise<void> {
  const { id } = services.records.find(name);
  return services.runtime(id).queue(async () => {
    const record = services.records.find(id);
    const network = services.networks.get(networkName);
    checkMode(record, network);
    const networks = networksOf(record);
    // The settings of a container that does not run are replaced.
    if (Object.hasOwn(networks, network.name) && isRunning(record)) {
      const message = `endpoint with name ${record.name} already exists in network ${network.name}`;
      throw new TboxError("forbidden", message);
    }
    if (settings.links && !resolvesNames(network)) {
      const message = `links on network ${network.name} can only be set when the container is created`;
      throw new TboxError("not-implemented", message);
    }
    services.networks.check(network, settings);
    checkServers(record.hostConfig, [network]);
    record.networks = { ...networks, [network.name]: settings };
    services.records.registerUses(record);
    try {
      if (isRunning(record)) await connectRunning(services, record, network);
    } catch (error) {
      record.networks = networks;
      services.records.registerUses(record);
      throw error;
    }
    services.records.save(record);
  });
}

async function connectRunning(
  services: ContainerServices,
  record: ContainerRecord,
  network: Network,
): Promise<void> {
  const { network: namespace } = record;
  if (!namespace) {
    throw new TboxError("unavailable", services.networks.problem() ?? "the container runs without a network");
  }
  const settings = record.networks?.[network.name] ?? {};
  await services.networks.connect(namespace, network, { settings, names: namesOn(record, network) });
  try {
    await publishPorts(services, record, namespace);
  } catch (error) {
    await services.networks.disconnect(namespace, network);
    throw error;
  }
  writeNetworkFiles(services, record, namespace);
  services.notifyNetwork("connect", network.name, record);
}

/** Disconnects a container from a network, a running one at once. */
export function disconnectContainer(
  services: ContainerServices,
  name: string,
  networkName: string,
): Promise<void> {
  const { id } = services.records.find(name);
  return services.runtime(id).queue(async () => {
    const record = services.records.find(id);
    const network = services.networks.get(networkName);
    checkMode(record, network);
    const { [network.name]: settings, ...others } = networksOf(record);
    if (settings === undefined) {
      throw new TboxError("forbidden", `container ${record.id} is not connected to network ${network.name}`);
    }
    record.networks = others;
    services.records.registerUses(record);
    const { network: namespace } = record;
    if (isRunning(record) && namespace) {
      await services.networks.disconnect(namespace, network);
      writeNetworkFiles(services, record, namespace);
      services.notifyNetwork("disconnect", network.name, record);
    }
    services.records.save(record);
  });
}

/** Throws invalid-argument for a container or network without bridge interfaces (Docker's texts). */
function checkMode({ hostConfig }: ContainerRecord, network: Network): void {
  const { kind } = networkMode(hostConfig.NetworkMode);
  if (kind === "container") {
    const message =
      "container sharing network namespace with another container or host cannot be connected to any other network";
    throw invalidArgument(message);
  }
  if (network.name === "host") {
    const message =
      "cannot connect container to host network - container must be created in host network mode";
    throw invalidArgument(message);
  }
  if (kind === "host") {
    const message = "container cannot be disconnected from host network or connected to host network";
    throw invalidArgument(message);
  }
  if (kind === "none" || network.name === "none") {
    const message =
      "container cannot be connected to multiple networks with one of the networks in private (none) mode";
    throw invalidArgument(message);
  }
}
