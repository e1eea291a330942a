/** The messages between the daemon and the net helper, as in `native/crates/protocol`. */
import { z } from "zod";
import { failureSchema } from "./protocol.ts";

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
  /** Listens on ports of the host: on all, or on none. */
  | ({ type: "publish" } & Publication)
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
  interface: string;
  mac: string;
  ipv4: string;
  ipv6?: string;
  defaultRoute: boolean;
}
