import type { PortMap } from "#api/answers/container-inspect.ts";
import type { PortSummary } from "#api/answers/container-summary.ts";
import { exposedPorts } from "#containers/networking/ports.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";

/** Returns `NetworkSettings.Ports`: the host ports of each container port, null for a port that is only exposed. */
export function shapePortMap({ config, network }: ContainerRecord): PortMap {
  // Without an endpoint nothing reaches the ports, also those that a later connection publishes again.
  if (!network || network.endpoints.length === 0) return {};
  const map: PortMap = {};
  for (const { number, protocol } of exposedPorts(config.ExposedPorts ?? {})) {
    map[`${number}/${protocol}`] = null;
  }
  for (const { protocol, containerPort, addresses, hostPort } of network.ports ?? []) {
    const key = `${containerPort}/${protocol}`;
    const bindings = addresses.map((HostIp) => ({ HostIp, HostPort: String(hostPort) }));
    map[key] = [...(map[key] ?? []), ...bindings];
  }
  return map;
}

/** Returns `Ports` of an item of `GET /containers/json`. */
export function shapePortList(record: ContainerRecord): PortSummary[] {
  return Object.entries(shapePortMap(record)).flatMap(([key, bindings]): PortSummary[] => {
    const [number, Type = ""] = key.split("/");
    const inside = { PrivatePort: Number(number), Type };
    if (bindings === null) return [inside];
    return bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, ...inside, PublicPort: Number(HostPort) }));
  });
}
