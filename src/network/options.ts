import { invalidArgument, TboxError } from "#support/errors.ts";
import { parseAddress } from "./addresses/address.ts";

/** What the options of a network come to. */
export interface NetworkOptions {
  mtu: number;
  /** Where published ports are listened on that nobody gave an address. */
  bindings: string[];
  /** Before the number of an interface in a container. */
  interfacePrefix: string;
  /** Whether the gateway's address stands for the host's loopback. */
  hostLoopback: boolean;
}

const usual: NetworkOptions = {
  mtu: 1500,
  bindings: ["0.0.0.0", "::"],
  interfacePrefix: "eth",
  hostLoopback: false,
};

type Reader = (value: string, name: string) => Partial<NetworkOptions>;

/** Docker's, and one of tbox's own. Those that ask for what is the case anyway change nothing. */
const readers: Record<string, Reader> = {
  "com.docker.network.driver.mtu": readMtu,
  "com.docker.network.bridge.host_binding_ipv4": (value, name) => {
    if (parseAddress(value)?.family !== 4) throw invalid(name, value, "it must be an IPv4 address");
    return { bindings: value === "0.0.0.0" ? usual.bindings : [value] };
  },
  "com.docker.network.container_iface_prefix": (value, name) => {
    if (!/^[A-Za-z][A-Za-z_-]{0,10}$/.test(value)) throw invalid(name, value, "it must be some letters");
    return { interfacePrefix: value };
  },
  "com.docker.network.bridge.enable_icc": only("true", "containers of a network reach one another"),
  "com.docker.network.bridge.enable_ip_masquerade": only("true", "the host makes their connections itself"),
  "com.docker.network.bridge.gateway_mode_ipv4": only("nat", "the host makes their connections itself"),
  "com.docker.network.bridge.gateway_mode_ipv6": only("nat", "the host makes their connections itself"),
  "com.docker.network.bridge.default_bridge": only("false", "there is one default network already"),
  "tbox.host-loopback": (value, name) => {
    if (value !== "true" && value !== "false") throw invalid(name, value, "it must be true or false");
    return { hostLoopback: value === "true" };
  },
};

/** Throws invalid-argument for a value that is none, and not-implemented for what tbox does not do. */
export function readNetworkOptions(options: Record<string, string>): NetworkOptions {
  const read = Object.entries(options).map(([name, value]) => {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader) return reader(value, name);
    throw new TboxError("not-implemented", `network option ${name} is not supported`);
  });
  return Object.assign({ ...usual }, ...read);
}

function readMtu(value: string, name: string): Partial<NetworkOptions> {
  const mtu = /^\d{1,5}$/.test(value) ? Number(value) : -1;
  // 0 is Docker's for the usual one; IPv4 wants 68 at least.
  if (mtu === 0) return {};
  if (mtu < 68 || mtu > 65_535) throw invalid(name, value, "it must be from 68 to 65535");
  return { mtu };
}

function only(wanted: string, reason: string): Reader {
  return (value, name) => {
    if (value === wanted) return {};
    throw new TboxError("not-implemented", `network option ${name}=${value} is not supported: ${reason}`);
  };
}

function invalid(name: string, value: string, rule: string): TboxError {
  return invalidArgument(`invalid network option ${name}=${JSON.stringify(value)}: ${rule}`);
}
