/** Messages between the daemon and the net helper. `sandbox` is the number of a network namespace. */
import { z } from "zod";
import { failureSchema } from "./failure.ts";

const uplinkSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("connect-first") }),
  z.object({ kind: z.literal("accept-first"), reason: z.string() }),
  z.object({ kind: z.literal("none"), reason: z.string() }),
]);

export const fromNetSchema = z.discriminatedUnion("type", [
  z.object({ request: z.number(), type: z.literal("done") }),
  failureSchema.extend({ request: z.number(), type: z.literal("failed") }),
  z.object({
    request: z.number(),
    type: z.literal("published"),
    ports: z.array(z.object({ addresses: z.array(z.string()), port: z.number() })),
  }),
  z.object({
    request: z.number(),
    type: z.literal("state"),
    pid: z.number(),
    uplink: uplinkSchema,
    sandboxes: z.array(z.number()),
    published: z.array(z.number()),
  }),
]);

/** Path of connections to addresses beyond the networks; `reason` names the missing kernel feature. */
export type Uplink = z.infer<typeof uplinkSchema>;
export type FromNet = z.infer<typeof fromNetSchema>;

/** A numbered request to the net helper. */
export type ToNet = { request: number } & NetRequest;

export type NetRequest =
  | { type: "survey" }
  | ({ type: "network" } & BridgeRequest)
  | { type: "remove-network"; id: string }
  /** Creates a network namespace. A launch may refer to it after the response. */
  | { type: "sandbox"; sandbox: number; endpoints: EndpointRequest[] }
  /** Adds or removes an interface of a network namespace. */
  | { type: "connect"; sandbox: number; endpoint: EndpointRequest }
  | { type: "disconnect"; sandbox: number; interface: string }
  | ({ type: "route" } & DefaultRouteRequest)
  | ({ type: "names" } & NamespaceNames)
  /** Listens on all of the host ports, or on none. */
  | ({ type: "publish" } & Publication)
  /**
   * Changes the addresses that the published ports of a network namespace forward to. Without an address, the ports
   * are closed.
   */
  | { type: "retarget"; sandbox: number; ipv4?: string; ipv6?: string }
  | { type: "release"; sandboxes: number[] };

export interface Publication {
  sandbox: number;
  /** Addresses that connections are forwarded to; absent while the namespace has no network. */
  ipv4?: string;
  ipv6?: string;
  ports: PortRequest[];
}

/** A port to listen on: one number between `first` and `last`, the same on all addresses; any free one when both are 0. */
export interface PortRequest {
  protocol: "tcp" | "udp";
  addresses: string[];
  first: number;
  last: number;
  containerPort: number;
}

export interface BridgeRequest {
  /** 64 lower-case hex characters. */
  id: string;
  ipv4: { gateway: string; prefix: number };
  ipv6?: { gateway: string; prefix: number };
  internal: boolean;
  mtu: number;
  /** Whether the gateway's address forwards to the host's loopback address. */
  hostLoopback: boolean;
}

/** An interface in a network namespace. */
export interface EndpointRequest {
  network: string;
  /** Number of the interface, unique in its namespace. */
  number: number;
  interface: string;
  mac: string;
  ipv4: string;
  ipv6?: string;
  /** Additional addresses that are valid on this network only. */
  linkLocal?: string[];
  /** Whether this interface has the default route. */
  ipv4Route: boolean;
  ipv6Route: boolean;
}

/** A request that sets the default routes of a network namespace through one of the namespace's interfaces. */
export interface DefaultRouteRequest {
  sandbox: number;
  network: string;
  interface: string;
  ipv4: boolean;
  ipv6: boolean;
}

/** Names and resolvers of a network namespace; they replace the earlier ones. */
export interface NamespaceNames {
  sandbox: number;
  /** Networks with name resolution. */
  places: NetworkNames[];
  /** Aliases for names of others, valid in this namespace only. */
  links: { alias: string; name: string }[];
  /** Resolvers for all other names; the host's resolvers when empty. */
  servers: string[];
  /** Whether queries for other names are forwarded at all. */
  outside: boolean;
}

/** Names and addresses of a namespace on one network. */
export interface NetworkNames {
  network: string;
  /** Names in lower case. Reverse lookups of the addresses return the first. */
  names: string[];
  ipv4: string;
  ipv6?: string;
}
