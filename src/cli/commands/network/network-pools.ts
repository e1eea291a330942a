import { ExitError } from "../../output/exit.ts";

interface PoolFlags {
  subnet: string[];
  gateway: string[];
  "ip-range": string[];
  /** `name=address`. */
  "aux-address": string[];
}

/** Each subnet with what of the other options lies in it, as the API takes them; nothing when there are none. */
export function networkPools(flags: PoolFlags): object[] | undefined {
  const pools = flags.subnet.map((Subnet) => ({
    Subnet,
    Gateway: undefined as string | undefined,
    IPRange: undefined as string | undefined,
    AuxiliaryAddresses: {} as Record<string, string>,
  }));
  const poolOf = (address: string, option: string) => {
    // Where each kind of address has one subnet, the kind tells.
    const pool = pools.find(({ Subnet }) => Subnet.includes(":") === address.includes(":"));
    if (pool) return pool;
    throw new ExitError(`no matching subnet for ${option} ${address}`, 1);
  };
  for (const gateway of flags.gateway) poolOf(gateway, "gateway").Gateway = gateway;
  for (const range of flags["ip-range"]) poolOf(range, "ip-range").IPRange = range;
  for (const entry of flags["aux-address"]) {
    const [name = "", address = ""] = entry.split("=");
    poolOf(address, "aux-address").AuxiliaryAddresses[name] = address;
  }
  return pools.length > 0 ? pools : undefined;
}
