import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { TboxError } from "#support/errors.ts";
import { addressAt, overlap, parseSubnet, type Subnet, sizeOf } from "./address.ts";

/** Docker's pools: sixteen bits at first, twelve later. */
const candidates: Subnet[] = [
  ...Array.from({ length: 15 }, (_, index) => parseSubnet(`172.${17 + index}.0.0/16`)),
  ...Array.from({ length: 16 }, (_, index) => parseSubnet(`192.168.${16 * index}.0/20`)),
];

/** One that none of these overlaps. */
export function chooseSubnet(taken: Subnet[]): Subnet {
  const free = candidates.find((candidate) => !taken.some((other) => overlap(candidate, other)));
  if (free) return free;
  throw new TboxError("forbidden", "all predefined address pools have been fully subnetted");
}

/** A local one that nobody else has, as likely as not. */
export function inventSubnet6(): Subnet {
  const bits = randomBytes(7).toString("hex");
  return { base: { family: 6, value: BigInt(`0xfd${bits}`) << 64n }, prefix: 64 };
}

/** The address that a network's gateway has unless another is asked for. */
export function usualGateway(subnet: Subnet) {
  return addressAt(subnet, sizeOf(subnet) > 1n ? 1n : 0n);
}

/** Where the host sends packets itself: a network of ours in the same place would hide it from containers. */
export function hostRoutes(): Subnet[] {
  try {
    return parseRoutes(readFileSync("/proc/net/route", "utf8"));
  } catch {
    return [];
  }
}

/** The text of /proc/net/route, without the default route. */
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

/** A little-endian number. */
function reversed(hex: string): bigint {
  return BigInt(`0x${hex.match(/../g)?.reverse().join("") ?? "0"}`);
}
