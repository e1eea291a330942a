import { isIP } from "node:net";
import { invalidArgument } from "#support/errors.ts";

/** An IP address as a number of 32 or 128 bits. */
export interface Address {
  family: 4 | 6;
  value: bigint;
}

export interface Subnet {
  /** The first address. */
  base: Address;
  prefix: number;
}

/** Returns undefined for text that is not an address. */
export function parseAddress(text: string): Address | undefined {
  switch (isIP(text)) {
    case 4:
      return { family: 4, value: text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
    case 6:
      return text.includes("%") ? undefined : { family: 6, value: parse6(text) };
    default:
      return undefined;
  }
}

function parse6(text: string): bigint {
  const [, hex = text, dotted] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const low = dotted === undefined ? undefined : (parseAddress(dotted)?.value ?? 0n);
  const whole =
    low === undefined ? text : `${hex}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [head = "", tail] = whole.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const first = groups(head);
  const last = groups(tail ?? "");
  const middle = tail === undefined ? [] : Array(8 - first.length - last.length).fill("0");
  return [...first, ...middle, ...last].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** Formats an address in its shortest form (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - 16 * index)) & 0xffffn);
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = text.match(/(?<![0-9a-f])0(:0)+(?![0-9a-f])/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text;
  return text.replace(new RegExp(`(^|:)${longest}(:|$)`), "::").replace(/:::+/, "::");
}

/** Parses `172.17.0.0/16` and clears the host bits; throws invalid-argument. */
export function parseSubnet(text: string): Subnet {
  const [, address = "", bits = ""] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = parseAddress(address);
  const prefix = Number(bits);
  if (!parsed || prefix > width(parsed.family)) {
    throw invalidArgument(`invalid subnet ${text}: it must be ADDRESS/BITS`);
  }
  return subnetOf(parsed, prefix);
}

function subnetOf(address: Address, prefix: number): Subnet {
  const hostBits = BigInt(width(address.family) - prefix);
  return { base: { ...address, value: (address.value >> hostBits) << hostBits }, prefix };
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatAddress(base)}/${prefix}`;
}

/** Returns the address at an offset from the first. */
export function addressAt({ base }: Subnet, offset: bigint): Address {
  return { ...base, value: base.value + offset };
}

export function sizeOf({ base, prefix }: Subnet): bigint {
  return 1n << BigInt(width(base.family) - prefix);
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  const { base } = subnet;
  return family === base.family && value >= base.value && value < base.value + sizeOf(subnet);
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return contains(one, other.base) || contains(other, one.base);
}

function width(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}
