import type { PortRequest } from "#native/protocol/net.ts";
import { parseAddress } from "#network/addresses/address.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { type NumberRange, numbersIn } from "#support/number-ranges.ts";
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
  const known = new Set(bound.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const others = exposedPorts(ExposedPorts).filter(
    ({ number, protocol }) => !known.has(`${number}/${protocol}`),
  );
  return [...bound, ...others.map(({ number, protocol }) => request(number, protocol, {}))];
}

export interface ContainerPort {
  number: number;
  protocol: string;
}

/**
 * Returns the ports of `ExposedPorts`, each once, sorted by number for each protocol. An image may declare any number of
 * overlapping ranges.
 */
export function exposedPorts(exposed: Record<string, object>): ContainerPort[] {
  const ranges = new Map(["tcp", "udp", "sctp"].map((protocol): [string, NumberRange[]] => [protocol, []]));
  for (const text of Object.keys(exposed)) {
    const { protocol, range } = parsePortRange(text);
    ranges.get(protocol)?.push(range);
  }
  return [...ranges].flatMap(([protocol, own]) => numbersIn(own).map((number) => ({ number, protocol })));
}

/** Parses `80`, `80/udp` or `80-82/tcp`. */
export function parsePorts(text: string): ContainerPort[] {
  const { protocol, range } = parsePortRange(text);
  return numbersIn([range]).map((number) => ({ number, protocol }));
}

function parsePortRange(text: string): { protocol: string; range: NumberRange } {
  const [, numbers = "", protocol = "tcp"] = /^([\d-]+)(?:\/(\w+))?$/.exec(text) ?? [];
  const range = parseRange(numbers, text);
  if (range[0] === 0) throw invalid(text);
  return { protocol, range };
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

function parseRange(text: string, shown: string): NumberRange {
  const [, first = "", last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || to > 65_535 || from > to) throw invalid(shown);
  return [from, to];
}

function invalid(text: string): TboxError {
  return invalidArgument(`invalid port specification: ${JSON.stringify(text)}: ports are from 1 to 65535`);
}
