import type { ContainerServices } from "../services.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { type ContainerLink, linksOf, targetEndpoint } from "./links.ts";
import { exposedPorts } from "./ports.ts";

/** Returns the environment variables for the link targets that run: addresses, ports and their environment. */
export function linkEnvironment(services: ContainerServices, record: ContainerRecord): string[] {
  return linksOf(services, record).flatMap((link) => {
    const address = targetEndpoint(link)?.ipv4.address;
    return address === undefined ? [] : variables(link, address);
  });
}

/** Returns Docker's variables, except the ones for port ranges. */
function variables({ from, alias, to }: ContainerLink, address: string): string[] {
  const prefix = alias.toUpperCase().replaceAll("-", "_");
  const ports = exposedPorts(to.config.ExposedPorts ?? {}).sort(
    (a, b) => a.number - b.number || a.protocol.localeCompare(b.protocol),
  );
  const url = ({ number, protocol }: (typeof ports)[number]) => `${protocol}://${address}:${number}`;
  const [lowest] = ports;
  return [
    ...(lowest ? [`${prefix}_PORT=${url(lowest)}`] : []),
    ...ports.flatMap((port) => {
      const name = `${prefix}_PORT_${port.number}_${port.protocol.toUpperCase()}`;
      return [
        `${name}=${url(port)}`,
        `${name}_ADDR=${address}`,
        `${name}_PORT=${port.number}`,
        `${name}_PROTO=${port.protocol}`,
      ];
    }),
    `${prefix}_NAME=/${from.name}/${alias}`,
    ...(to.config.Env ?? [])
      .filter((entry) => entry.includes("=") && !/^(HOME|PATH)=/.test(entry))
      .map((entry) => `${prefix}_ENV_${entry}`),
  ];
}
