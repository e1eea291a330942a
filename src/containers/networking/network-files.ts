import type { NetworkNamespace } from "#network/network.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { hostHosts, writeHosts, writeResolvConf } from "./etc-files.ts";
import { linkedHosts, linksOf } from "./links.ts";

/** Writes /etc/hosts and /etc/resolv.conf for the container's current networks. */
export function writeNetworkFiles(
  services: ContainerServices,
  record: ContainerRecord,
  namespace: NetworkNamespace | undefined,
): void {
  if (record.config.Rootfs !== undefined) return;
  const directory = containerDirectory(services, record.id);
  const hostname = record.config.Hostname ?? "";
  const runtime = services.runtime(record.id);
  const current = runtime.writtenHosts;
  // The program may change the file from now on.
  runtime.writtenHosts = undefined;
  const onHost = record.hostConfig.NetworkMode === "host";
  const gateway = onHost ? "127.0.0.1" : services.networks.gateway(namespace);
  const [linked, hostFile] = [linkedHosts(services, record), hostHosts(record.hostConfig)];
  writeHosts(directory, record, { hostname, namespace, gateway, linked, hostFile, current });
  // A new container directory holds the resolv.conf of the default network.
  const onDefaultNetworkOnly = namespace?.endpoints.length === 1 && !namespace.endpoints[0]?.names;
  if (namespace && !onDefaultNetworkOnly) writeResolvConf(directory, record);
}

/** Rewrites the network files of running containers that have a link to a container. */
export function updateLinkingContainers(services: ContainerServices, { id }: ContainerRecord): void {
  for (const other of services.records.all()) {
    const links = isRunning(other) && linksOf(services, other).some(({ to }) => to.id === id);
    if (links) writeNetworkFiles(services, other, other.network);
  }
}
