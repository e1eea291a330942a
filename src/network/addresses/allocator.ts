import { invalidArgument, TboxError } from "#support/errors.ts";
import {
  type Address,
  addressAt,
  contains,
  formatAddress,
  formatSubnet,
  type Subnet,
  sizeOf,
} from "./address.ts";

/** The addresses of a subnet that are in use. */
export interface Allocator {
  /** An address that has not been used for as long as possible: neighbours remember whose it was. */
  take(): Address;
  /** A certain one; throws when it is another's or none of the subnet's. */
  reserve(address: Address): void;
  release(address: Address): void;
}

export interface AllocatorOptions {
  subnet: Subnet;
  gateway: Address;
  /** Where addresses are taken from, where that is only a part. */
  range?: Subnet | undefined;
}

export function openAllocator({ subnet, gateway, range = subnet }: AllocatorOptions): Allocator {
  const used = new Set<bigint>([gateway.value]);
  const size = sizeOf(range);
  // The first address is the network's own and the last of IPv4 is everybody's, unless there are but two.
  const reserved = sizeOf(subnet) > 2n ? 1n : 0n;
  const first = subnet.base.value + reserved;
  const last = subnet.base.value + sizeOf(subnet) - 1n - (subnet.base.family === 4 ? reserved : 0n);
  let next = 0n;
  return {
    take() {
      const tries = size < 1n << 20n ? size : 1n << 20n;
      for (let count = 0n; count < tries; count++) {
        const { family, value } = addressAt(range, next);
        next = (next + 1n) % size;
        if (value < first || value > last || used.has(value)) continue;
        used.add(value);
        return { family, value };
      }
      throw new TboxError("conflict", `no address is free in ${formatSubnet(range)}`);
    },
    reserve(address) {
      if (!contains(subnet, address) || address.value < first || address.value > last) {
        const message = `no configured subnet or ip-range contains the IP address ${formatAddress(address)}`;
        throw invalidArgument(message);
      }
      if (used.has(address.value)) throw new TboxError("forbidden", "Address already in use");
      used.add(address.value);
    },
    release({ value }) {
      if (value !== gateway.value) used.delete(value);
    },
  };
}
