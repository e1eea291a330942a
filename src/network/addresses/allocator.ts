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

/** Allocator of the addresses of a subnet. */
export interface Allocator {
  /**
   * Returns the address that has been free for longest, because neighbour caches may still know an address's last
   * holder.
   */
  take(): Address;
  /** Allocates this address; throws when it is in use or outside the subnet. */
  reserve(address: Address): void;
  release(address: Address): void;
}

export interface AllocatorOptions {
  subnet: Subnet;
  gateway: Address;
  /** Part of the subnet from which `take` allocates; the whole subnet when absent. */
  range?: Subnet | undefined;
}

export function openAllocator({ subnet, gateway, range = subnet }: AllocatorOptions): Allocator {
  const used = new Set<bigint>([gateway.value]);
  const size = sizeOf(range);
  // The first address is the network's and the last of IPv4 is for broadcasts, unless there are only two.
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
      throw new TboxError("conflict", `no free address in ${formatSubnet(range)}`);
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
