import { exposedPorts } from "#containers/networking/ports.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";

/** `NetworkSettings.Ports`: where each port is reached, null for those that are only exposed. */
export function shapePortMap({ config, network }: ContainerRecord) {
  if (!network) return {};
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const { number, protocol } of exposedPorts(config.ExposedPorts ?? {})) {
    map[`${number}/${protocol}`] = null;
  }
  for (const { protocol, containerPort, addresses, hostPort } of network.ports ?? []) {
    const key = `${containerPort}/${protocol}`;
    const places = addresses.map((HostIp) => ({ HostIp, HostPort: String(hostPort) }));
    map[key] = [...(map[key] ?? []), ...places];
  }
  return map;
}

/** `Ports` of an item of the list of containers. */
export function shapePortList(record: ContainerRecord) {
  return Object.entries(shapePortMap(record)).flatMap(([key, places]) => {
    const [number, Type] = key.split("/");
    const inside = { PrivatePort: Number(number), Type };
    if (places === null) return [inside];
    return places.map(({ HostIp, HostPort }) => ({ IP: HostIp, ...inside, PublicPort: Number(HostPort) }));
  });
}
