import { ExitError } from "../../output/exit.ts";

interface PoolFlags {
  subnet: string[];
  gateway: string[];
  "ip-range": string[];
  /** Entries of the form `name=address`. */
  "aux-address": string[];
}

/**
 * Returns an entry of `IPAM.Config` for each subnet, with the gateway, range and addresses of the subnet's address
 * family. Returns undefined without a subnet.
 */
export function addressPools(flags: PoolFlags): object[] | undefined {
  const pools = flags.subnet.map((Subnet) => ({
    Subnet,
    Gateway: undefined as string | undefined,
    IPRange: undefined as string | undefined,
    AuxiliaryAddresses: {} as Record<string, string>,
  }));
  const poolOf = (address: string, flag: string) => {
    // A network has at most one subnet of an address family.
    const pool = pools.find(({ Subnet }) => Subnet.includes(":") === address.includes(":"));
    if (pool) return pool;
    throw new ExitError(`no matching subnet for ${flag} ${address}`, 1);
  };
  for (const gateway of flags.gateway) poolOf(gateway, "gateway").Gateway = gateway;
  for (const range of flags["ip-range"]) poolOf(range, "ip-range").IPRange = range;
  for (const entry of flags["aux-address"]) {
    const [name = "", address = ""] = entry.split("=");
    poolOf(address, "aux-address").AuxiliaryAddresses[name] = address;
  }
  return pools.length > 0 ? pools : undefined;
}
