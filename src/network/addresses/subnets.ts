import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { TboxError } from "#support/errors.ts";
import { addressAt, parseSubnet, type Subnet, sizeOf } from "./address.ts";

/** An address pool that is divided into subnets of one size. */
interface Pool {
  first: number;
  end: number;
  prefix: number;
}

/**
 * The ranges of Docker's default address pools. The first ten networks have as many addresses as in Docker; further
 * networks are smaller, so that the ranges suffice for 1,536 more.
 */
const pools: Pool[] = [
  pool("172.17.0.0", "172.27.0.0", 16),
  pool("172.27.0.0", "172.32.0.0", 24),
  pool("192.168.0.0", "192.169.0.0", 24),
];

/** Returns the first default subnet that overlaps none of the taken ones. */
export function chooseSubnet(taken: Subnet[]): Subnet {
  const ranges = taken
    .filter(({ base }) => base.family === 4)
    .map((subnet) => ({ first: Number(subnet.base.value), size: Number(sizeOf(subnet)) }))
    .sort((a, b) => a.first - b.first);
  for (const { first, end, prefix } of pools) {
    const size = 2 ** (32 - prefix);
    let candidate = first;
    for (const range of ranges) {
      if (range.first >= candidate + size) break;
      const after = range.first + range.size;
      // The next subnet of the pool that begins behind the range.
      if (after > candidate) candidate = first + Math.ceil((after - first) / size) * size;
    }
    if (candidate < end) return { base: { family: 4, value: BigInt(candidate) }, prefix };
  }
  throw new TboxError("forbidden", "all predefined address pools have been fully subnetted");
}

function pool(first: string, end: string, prefix: number): Pool {
  const numberOf = (address: string) => Number(parseSubnet(`${address}/32`).base.value);
  return { first: numberOf(first), end: numberOf(end), prefix };
}

/** Returns a random unique local subnet (RFC 4193). */
export function randomSubnet6(): Subnet {
  const bits = randomBytes(7).toString("hex");
  return { base: { family: 6, value: BigInt(`0xfd${bits}`) << 64n }, prefix: 64 };
}

/** Returns the gateway address of a network that names none. */
export function defaultGateway(subnet: Subnet) {
  return addressAt(subnet, sizeOf(subnet) > 1n ? 1n : 0n);
}

/** Returns the routes of the host. A network that overlaps a route would hide the route's hosts from containers. */
export function hostRoutes(): Subnet[] {
  try {
    return parseRoutes(readFileSync("/proc/net/route", "utf8"));
  } catch {
    return [];
  }
}

/** Parses /proc/net/route; leaves out the default route. */
export function parseRoutes(text: string): Subnet[] {
  return text
    .trim()
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, destination = "", , , , , , mask = ""] = line.split(/\s+/);
      if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask)) return [];
      const prefix = reversed(mask).toString(2).replaceAll("0", "").length;
      return prefix === 0 ? [] : [{ base: { family: 4 as const, value: reversed(destination) }, prefix }];
    });
}

/** Parses a little-endian hexadecimal number. */
function reversed(hex: string): bigint {
  return BigInt(`0x${hex.match(/../g)?.reverse().join("") ?? "0"}`);
}
