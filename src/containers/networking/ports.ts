import type { PortRequest } from "#native/protocol/net.ts";
import { parseAddress } from "#network/addresses/address.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { CreateRequest, HostConfig, PortBinding } from "../request/create-request.ts";

/** Plans the published ports of a container. No address means all addresses. Throws invalid-argument. */
export function planPorts(
  { ExposedPorts = {} }: Pick<CreateRequest, "ExposedPorts">,
  { PortBindings = {}, PublishAllPorts = false }: HostConfig,
): PortRequest[] {
  const bound = Object.entries(PortBindings).flatMap(([port, bindings]) =>
    parsePorts(port).flatMap(({ number, protocol }) =>
      (bindings ?? []).map((binding) => request(number, protocol, binding)),
    ),
  );
  if (!PublishAllPorts) return bound;
  const has = (number: number, protocol: string) =>
    bound.some((one) => one.containerPort === number && one.protocol === protocol);
  const others = exposedPorts(ExposedPorts).filter(({ number, protocol }) => !has(number, protocol));
  return [...bound, ...others.map(({ number, protocol }) => request(number, protocol, {}))];
}

export interface ContainerPort {
  number: number;
  protocol: string;
}

/** Returns the ports of `ExposedPorts`. */
export function exposedPorts(exposed: Record<string, object>): ContainerPort[] {
  return Object.keys(exposed).flatMap(parsePorts);
}

/** Parses `80`, `80/udp` or `80-82/tcp`. */
export function parsePorts(text: string): ContainerPort[] {
  const [, range = "", protocol = "tcp"] = /^([\d-]+)(?:\/(\w+))?$/.exec(text) ?? [];
  const [first, last] = parseRange(range, text);
  if (first === 0) throw invalid(text);
  return Array.from({ length: last - first + 1 }, (_, index) => ({ number: first + index, protocol }));
}

function request(
  containerPort: number,
  protocol: string,
  { HostIp = "", HostPort = "" }: PortBinding,
): PortRequest {
  if (protocol !== "tcp" && protocol !== "udp") {
    throw new TboxError(
      "not-implemented",
      `publishing ${protocol} ports is not supported: only TCP and UDP can be forwarded without root`,
    );
  }
  const host = HostIp.replace(/^\[(.*)\]$/, "$1");
  if (host !== "" && !parseAddress(host)) {
    throw invalidArgument(`invalid HostIp ${JSON.stringify(HostIp)}: it must be an IP address`);
  }
  const [first, last] = HostPort === "" ? [0, 0] : parseRange(HostPort, HostPort);
  return { protocol, addresses: host === "" ? [] : [host], first, last, containerPort };
}

function parseRange(text: string, shown: string): [number, number] {
  const [, first = "", last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || to > 65_535 || from > to) throw invalid(shown);
  return [from, to];
}

function invalid(text: string): TboxError {
  return invalidArgument(`invalid port specification: ${JSON.stringify(text)}: ports are from 1 to 65535`);
}
