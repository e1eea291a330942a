/** The messages between the daemon and the net helper, as in `native/crates/protocol`. */
import { z } from "zod";
import { failureSchema } from "../zygote/protocol.ts";

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

/** How containers reach what lies beyond their networks; `reason` says what is missing. */
export type Uplink = z.infer<typeof uplinkSchema>;
export type FromNet = z.infer<typeof fromNetSchema>;

/** A request to the net helper, numbered by the daemon. */
export type ToNet = { request: number } & NetOrder;

export type NetOrder =
  | { type: "survey" }
  | ({ type: "network" } & BridgeRequest)
  | { type: "remove-network"; id: string }
  /** Makes a network namespace, which a launch may name from the answer on. */
  | { type: "sandbox"; sandbox: number; endpoints: EndpointRequest[] }
  /** Adds an interface to a sandbox, or takes one away. */
  | { type: "connect"; sandbox: number; endpoint: EndpointRequest }
  | { type: "disconnect"; sandbox: number; interface: string }
  | ({ type: "route" } & RouteRequest)
  | ({ type: "names" } & SandboxNames)
  /** Listens on ports of the host: on all, or on none. */
  | ({ type: "publish" } & Publication)
  /** Has the published ports of a sandbox lead to other addresses of it. */
  | { type: "retarget"; sandbox: number; ipv4: string; ipv6?: string }
  | { type: "release"; sandboxes: number[] };

export interface Publication {
  sandbox: number;
  /** Where the sandbox is reached. */
  ipv4: string;
  ipv6?: string;
  ports: PortRequest[];
}

/** The same number on all of the addresses, from `first` to `last`; any number when both are 0. */
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
  /** Whether the gateway's address stands for the host's loopback. */
  hostLoopback: boolean;
}

/** One interface of a sandbox. */
export interface EndpointRequest {
  network: string;
  /** No other interface of the sandbox has it. */
  number: number;
  interface: string;
  mac: string;
  ipv4: string;
  ipv6?: string;
  /** Addresses besides, which mean something on the network alone. */
  linkLocal?: string[];
  /** Whether the default route leads through it. */
  ipv4Route: boolean;
  ipv6Route: boolean;
}

/** Has the default routes of a sandbox lead through one of its interfaces. */
export interface RouteRequest {
  sandbox: number;
  network: string;
  interface: string;
  ipv4: boolean;
  ipv6: boolean;
}

/** What a sandbox is called and whom it asks for names, in the place of what was said before. */
export interface SandboxNames {
  sandbox: number;
  /** On the networks where names are told: it finds others there, and is found. */
  places: NamedPlace[];
  /** Its own words for others' names. */
  links: { alias: string; name: string }[];
  /** Whom it asks for all other names; whom the host asks when there are none. */
  servers: string[];
  /** Whether it asks for other names at all. */
  outside: boolean;
}

export interface NamedPlace {
  network: string;
  /** In lower case. The first is the one that its addresses are told by. */
  names: string[];
  ipv4: string;
  ipv6?: string;
}
