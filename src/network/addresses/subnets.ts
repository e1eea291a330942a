import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { TboxError } from "#support/errors.ts";
import { addressAt, overlap, parseSubnet, type Subnet, sizeOf } from "./address.ts";

/** Docker's default address pools. */
const candidates: Subnet[] = [
  ...Array.from({ length: 15 }, (_, index) => parseSubnet(`172.${17 + index}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, index) => parseSubnet(`192.168.${16 * index}.0/20`)),
];

/** Returns the first default subnet that overlaps none of the taken ones. */
export function chooseSubnet(taken: Subnet[]): Subnet {
  const free = candidates.find((candidate) => !taken.some((other) => overlap(candidate, other)));
  if (free) return free;
  throw new TboxError("forbidden", "all predefined address pools have been fully subnetted");
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
