import { parseIpAddress } from "./host-addresses.ts";

/** A container's port and its address on the host: an entry of `HostConfig.PortBindings`. */
export interface Publication {
  port: string;
  binding: { HostIp?: string; HostPort?: string };
}

interface Range {
  first: number;
  last: number;
}

/**
 * Parses `--publish`: `[[address:]host:]container[/protocol]`. Ranges of equal length pair up. For one port of the
 * container, a range of host ports leaves the choice to the daemon.
 */
export function parsePublish(text: string): Publication[] {
  const [, ports = "", protocol = "tcp"] = /^([^/]*)(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const [, address, host, container = ""] = /^(?:(?:(\[.*\]|[^:]*):)?([^:]*):)?([^:]+)$/.exec(ports) ?? [];
  if (container === "")
    throw new Error(`invalid publish opts format (should be [ip:]host:container): ${text}`);
  const inside = parseRange(container, text);
  const ip = address === undefined || address === "" ? {} : { HostIp: parseIpAddress(unbracketed(address)) };
  const key = (number: number) => `${number}/${protocol.toLowerCase()}`;
  const count = inside.last - inside.first + 1;
  const numbers = Array.from({ length: count }, (_, index) => index);
  if (host === undefined || host === "") {
    return numbers.map((index) => ({ port: key(inside.first + index), binding: ip }));
  }
  const outside = parseRange(host, text);
  if (count === 1) return [{ port: key(inside.first), binding: { ...ip, HostPort: host } }];
  if (outside.last - outside.first + 1 !== count) {
    throw new Error(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  }
  return numbers.map((index) => ({
    port: key(inside.first + index),
    binding: { ...ip, HostPort: String(outside.first + index) },
  }));
}

/** Parses `--expose`: `80`, `80-90` or `53/udp`. */
export function parseExpose(text: string): string[] {
  const [, range = "", protocol = "tcp"] = /^([\d-]+)(?:\/(tcp|udp|sctp))?$/i.exec(text) ?? [];
  const { first, last } = parseRange(range, text);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol.toLowerCase()}`);
}

/** Groups publications by the container's port, as `HostConfig.PortBindings`. */
export function portBindings(publications: Publication[]): Record<string, Publication["binding"][]> {
  const all: Record<string, Publication["binding"][]> = {};
  for (const { port, binding } of publications) all[port] = [...(all[port] ?? []), binding];
  return all;
}

function parseRange(text: string, whole: string): Range {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (first === "" || range.first > range.last || range.last > 65_535) {
    throw new Error(`invalid port or range "${text}" in "${whole}"`);
  }
  return range;
}

function unbracketed(address: string): string {
  return address.replace(/^\[(.*)\]$/, "$1");
}
