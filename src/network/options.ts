import { invalidArgument, TboxError } from "#support/errors.ts";
import { parseAddress } from "./addresses/address.ts";

/** The parsed options of a network. */
export interface NetworkOptions {
  mtu: number;
  /** Host addresses of published ports that name none. */
  bindings: string[];
  /** Prefix of interface names in containers. */
  interfacePrefix: string;
  /** Whether the gateway's address forwards to the host's loopback address. */
  hostLoopback: boolean;
}

const defaults: NetworkOptions = {
  mtu: 1500,
  bindings: ["0.0.0.0", "::"],
  interfacePrefix: "eth",
  hostLoopback: false,
};

type Reader = (value: string, name: string) => Partial<NetworkOptions>;

/**
 * Parsers of Docker's options and of tbox's. An option that requests tbox's fixed behaviour is accepted. The name of
 * the bridge is not in this list, because the bridge is in a namespace that no other program sees.
 */
const readers: Record<string, Reader> = {
  "com.docker.network.driver.mtu": readMtu,
  "com.docker.network.bridge.host_binding_ipv4": (value, name) => {
    if (parseAddress(value)?.family !== 4) throw invalid(name, value, "it must be an IPv4 address");
    return { bindings: value === "0.0.0.0" ? defaults.bindings : [value] };
  },
  "com.docker.network.container_iface_prefix": (value, name) => {
    if (!/^[A-Za-z][A-Za-z_-]{0,10}$/.test(value))
      throw invalid(name, value, "it must be letters, dashes or underscores, at most 11");
    return { interfacePrefix: value };
  },
  "com.docker.network.bridge.enable_icc": fixed("true", "containers of a network reach one another"),
  "com.docker.network.bridge.enable_ip_masquerade": fixed("true", "the host makes their connections itself"),
  "com.docker.network.bridge.gateway_mode_ipv4": fixed("nat", "the host makes their connections itself"),
  "com.docker.network.bridge.gateway_mode_ipv6": fixed("nat", "the host makes their connections itself"),
  "com.docker.network.bridge.default_bridge": fixed("false", "there is one default network already"),
  "com.docker.network.bridge.inhibit_ipv4": fixed("false", "the bridge has the gateway's address"),
  "com.docker.network.bridge.trusted_host_interfaces": fixed("", "the host makes their connections itself"),
  "com.docker.network.host_ipv4": fixed("", "the host makes their connections itself"),
  "com.docker.network.host_ipv6": fixed("", "the host makes their connections itself"),
  "tbox.host-loopback": (value, name) => {
    if (value !== "true" && value !== "false") throw invalid(name, value, "it must be true or false");
    return { hostLoopback: value === "true" };
  },
};

/**
 * Throws invalid-argument for a malformed value and not-implemented for an unsupported value. Options that no driver
 * knows have no effect, as in Docker.
 */
export function readNetworkOptions(options: Record<string, string>): NetworkOptions {
  const read = Object.entries(options).map(([name, value]) => {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader) return reader(value, name);
    if (name.startsWith("tbox.")) throw invalid(name, value, "there is no such option");
    return {};
  });
  return Object.assign({ ...defaults }, ...read);
}

function readMtu(value: string, name: string): Partial<NetworkOptions> {
  const mtu = /^\d{1,5}$/.test(value) ? Number(value) : -1;
  // 0 is Docker's word for the default; IPv4 requires at least 68 (RFC 791).
  if (mtu === 0) return {};
  if (mtu < 68 || mtu > 65_535) throw invalid(name, value, "it must be from 68 to 65535");
  return { mtu };
}

function fixed(wanted: string, reason: string): Reader {
  return (value, name) => {
    if (value === wanted) return {};
    throw new TboxError("not-implemented", `network option ${name}=${value} is not supported: ${reason}`);
  };
}

function invalid(name: string, value: string, rule: string): TboxError {
  return invalidArgument(`invalid network option ${name}=${JSON.stringify(value)}: ${rule}`);
}
