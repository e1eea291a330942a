import { type EndpointSettings, type Network, resolvesNames } from "#network/network.ts";
import { TboxError } from "#support/errors.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";
import { publishPorts, writeNetworkFiles } from "./join.ts";
import { networkMode, networksOf } from "./network-mode.ts";
import { checkServers, namesOn } from "./network-request.ts";

/** Puts a container on one more network: at once if it runs, else from its next start on. */
export function connectContainer(
  fleet: Fleet,
  name: string,
  { network: wanted, settings }: { network: string; settings: EndpointSettings },
): Promise<void> {
  const { id } = fleet.records.find(name);
  return fleet.companion(id).inTurn(async () => {
    const record = fleet.records.find(id);
    const network = fleet.networks.get(wanted);
    checkMode(record, network);
    const networks = networksOf(record);
    if (Object.hasOwn(networks, network.name)) {
      const message = `endpoint with name ${record.name} already exists in network ${network.name}`;
      throw new TboxError("forbidden", message);
    }
    if (settings.links && !resolvesNames(network)) {
      const message = `links on network ${network.name} are had from the creation on, or not at all`;
      throw new TboxError("not-implemented", message);
    }
    fleet.networks.check(network, settings);
    checkServers(record.hostConfig, [network]);
    record.networks = { ...networks, [network.name]: settings };
    fleet.records.registerUses(record);
    try {
      if (isRunning(record)) await connectRunning(fleet, record, network);
    } catch (error) {
      record.networks = networks;
      fleet.records.registerUses(record);
      throw error;
    }
    fleet.records.save(record);
  });
}

async function connectRunning(fleet: Fleet, record: ContainerRecord, network: Network): Promise<void> {
  const { network: joined } = record;
  if (!joined) {
    throw new TboxError("unavailable", fleet.networks.problem() ?? "the container runs without a network");
  }
  const settings = record.networks?.[network.name] ?? {};
  await fleet.networks.connect(joined, network, { settings, names: namesOn(record, network) });
  try {
    await publishPorts(fleet, record, joined);
  } catch (error) {
    await fleet.networks.disconnect(joined, network);
    throw error;
  }
  writeNetworkFiles(fleet, record, joined);
  fleet.notifyNetwork("connect", network.name, record);
}

/** Takes a container from a network: at once if it runs. */
export function disconnectContainer(fleet: Fleet, name: string, wanted: string): Promise<void> {
  const { id } = fleet.records.find(name);
  return fleet.companion(id).inTurn(async () => {
    const record = fleet.records.find(id);
    const network = fleet.networks.get(wanted);
    checkMode(record, network);
    const { [network.name]: settings, ...others } = networksOf(record);
    if (settings === undefined) {
      throw new TboxError("forbidden", `container ${record.id} is not connected to network ${network.name}`);
    }
    record.networks = others;
    fleet.records.registerUses(record);
    const { network: joined } = record;
    if (isRunning(record) && joined) {
      await fleet.networks.disconnect(joined, network);
      writeNetworkFiles(fleet, record, joined);
      fleet.notifyNetwork("disconnect", network.name, record);
    }
    fleet.records.save(record);
  });
}

/** Only those with interfaces of their own can get another, or lose one. */
function checkMode({ hostConfig }: ContainerRecord, network: Network): void {
  const { kind } = networkMode(hostConfig.NetworkMode);
  if (kind === "container") {
    const message =
      "container sharing network namespace with another container or host cannot be connected to any other network";
    throw new TboxError("forbidden", message);
  }
  if (kind === "host" || network.name === "host") {
    const message = "container cannot be disconnected from host network or connected to host network";
    throw new TboxError("forbidden", message);
  }
  if (kind === "none" || network.name === "none") {
    const message =
      "container cannot be connected to multiple networks with one of the networks in private (none) mode";
    throw new TboxError("forbidden", message);
  }
}
