import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { type NetHelper, openNetHelper } from "#native/net-helper.ts";
import type { PortRequest, Publication } from "#native/net-protocol.ts";
import type { Zygote } from "#native/zygote.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { formatAddress, formatSubnet } from "./address.ts";
import {
  adoptEndpoint,
  type Bridge,
  bridgeRequest,
  openBridge,
  releaseEndpoint,
  takeEndpoint,
} from "./bridge.ts";
import { filterNetworks } from "./filter.ts";
import type { Joined, Network } from "./network.ts";
import { defaultNetwork, type Networks } from "./networks.ts";
import { openPool } from "./pool.ts";
import { chooseSubnet, hostRoutes, inventSubnet6, usualGateway } from "./subnets.ts";

export interface NetworksOptions {
  database: Database;
  zygote: Pick<Zygote, "net">;
  /** IDs of the containers on a network, whether they run or not. */
  usedBy: (network: Network) => string[];
  warn: (what: string, error: unknown) => void;
}

/** For some starts at once; one takes about 300 KiB of the kernel. */
const ready = 4;

/** Milliseconds before a helper that dies again and again is started. */
const again = 1000;

/** Opens the networks of a store. The helper is started at once, and nobody waits for it. */
export function openNetworks({ database, zygote, usedBy, warn }: NetworksOptions): Networks {
  database.run("CREATE TABLE IF NOT EXISTS networks (id TEXT PRIMARY KEY, network TEXT NOT NULL) STRICT");
  const all = readNetworks(database);
  const bridges = new Map<string, Bridge>();
  for (const network of all.values()) {
    const bridge = openBridge(network);
    if (bridge) bridges.set(network.id, bridge);
  }
  const published = new Map<number, Joined>();
  let lostAt = Number.NEGATIVE_INFINITY;
  let trouble: string | undefined;
  const helper = openNetHelper({
    connect: (listener) => zygote.net(listener),
    async restore(fresh) {
      for (const bridge of bridges.values()) {
        await fresh.perform({ type: "network", ...bridgeRequest(bridge) });
      }
      const { uplink, sandboxes: known, published: listened } = await fresh.survey();
      for (const joined of published.values()) {
        if (listened.includes(joined.sandbox)) continue;
        const again = fresh.publish(publication(joined, fixedPorts(joined)));
        await again.catch((error) => warn("publish the ports of a container again", error));
      }
      // A zygote that has died took them with it.
      pool.keep(({ sandbox }) => known.includes(sandbox));
      trouble =
        uplink.kind === "none"
          ? `containers reach nothing beyond their networks: ${uplink.reason}`
          : undefined;
      if (trouble !== undefined) warn("network", new Error(trouble));
    },
    lost() {
      // What containers have of it is to be back without anybody asking, but not over and over.
      const now = performance.now();
      const wait = now - lostAt < again ? again : 0;
      lostAt = now;
      const start = () => helper.survey().catch((error) => warn("start the net helper again", error));
      setTimeout(start, wait).unref();
    },
  });
  const sandboxes = openSandboxes(helper, () => bridgeOf(bridges, all, defaultNetwork));
  const pool = openPool({ make: sandboxes.make, size: ready, delay: 20, pause: 10_000 });
  return {
    get: (name) => findNetwork(all, name),
    named: (name) => [...all.values()].find((network) => network.id === name || network.name === name),
    list: (filters) => filterNetworks([...all.values()], filters, (network) => usedBy(network).length > 0),
    join({ fresh } = {}) {
      const taken = fresh ? undefined : pool.take();
      if (taken) return taken;
      return sandboxes.make().catch((error) => {
        trouble = `containers have no network: ${errorChain(error)}`;
        warn("network", error);
        return undefined;
      });
    },
    async publish(joined, ports) {
      const found = await helper.publish(publication(joined, ports));
      joined.ports = ports.map(({ protocol, containerPort }, index) => {
        const { addresses = [], port: hostPort = 0 } = found[index] ?? {};
        return { protocol, containerPort, addresses, hostPort };
      });
      published.set(joined.sandbox, joined);
    },
    async leave(joined) {
      published.delete(joined.sandbox);
      const release = helper.perform({ type: "release", sandboxes: [joined.sandbox] });
      // A helper that has died has let go of it, too.
      const released = release.catch((error) => warn("leave the network", error));
      for (const endpoint of joined.endpoints) {
        const bridge = bridges.get(endpoint.network);
        if (bridge) releaseEndpoint(bridge, endpoint);
      }
      if (joined.ports) await released;
    },
    async adopt(inUse) {
      for (const joined of inUse) if (joined.ports) published.set(joined.sandbox, joined);
      for (const endpoint of inUse.flatMap(({ endpoints }) => endpoints)) {
        const bridge = bridges.get(endpoint.network);
        if (bridge) adoptEndpoint(bridge, endpoint);
      }
      try {
        const kept = new Set(inUse.map(({ sandbox }) => sandbox));
        const { sandboxes: found } = await helper.survey();
        const lost = found.filter((one) => one <= sandboxes.before && !kept.has(one));
        await helper.perform({ type: "release", sandboxes: lost });
      } catch (error) {
        trouble = `containers have no network: ${errorChain(error)}`;
        warn("network", error);
      }
      pool.fill();
    },
    trouble: () => trouble,
    state: () => helper.survey(),
    async [Symbol.asyncDispose]() {
      pool.close();
      helper[Symbol.dispose]();
    },
  };
}

function publication({ sandbox, endpoints: [first] }: Joined, ports: PortRequest[]): Publication {
  if (!first) throw new TboxError("invalid-argument", "a container without a network cannot publish ports");
  const { ipv4, ipv6 } = first;
  return { sandbox, ipv4: ipv4.address, ...(ipv6 ? { ipv6: ipv6.address } : {}), ports };
}

/** The ports that a container has, asked for by their numbers. */
function fixedPorts({ ports = [] }: Joined): PortRequest[] {
  return ports.map(({ hostPort, ...port }) => ({ ...port, first: hostPort, last: hostPort }));
}

/** Makes network namespaces on the default network. */
function openSandboxes(helper: NetHelper, bridgeFor: () => Bridge) {
  // Greater than any that an earlier daemon may have used.
  const before = Date.now() * 1000;
  let last = before;
  return {
    before,
    async make(): Promise<Joined> {
      const bridge = bridgeFor();
      const endpoint = takeEndpoint(bridge, randomBytes(32).toString("hex"));
      const { network, mac, ipv4, ipv6 } = endpoint;
      const sandbox = ++last;
      const plug = {
        network,
        interface: "eth0",
        mac,
        ipv4: ipv4.address,
        ...(ipv6 ? { ipv6: ipv6.address } : {}),
        defaultRoute: true,
      };
      try {
        await helper.perform({ type: "sandbox", sandbox, endpoints: [plug] });
      } catch (error) {
        releaseEndpoint(bridge, endpoint);
        throw error;
      }
      return { sandbox, endpoints: [endpoint] };
    },
  };
}

function bridgeOf(bridges: Map<string, Bridge>, all: Map<string, Network>, name: string): Bridge {
  const bridge = bridges.get(findNetwork(all, name).id);
  if (!bridge) throw new TboxError("internal", `network ${name} has no bridge`);
  return bridge;
}

function findNetwork(all: Map<string, Network>, name: string): Network {
  const networks = [...all.values()];
  const exact = all.get(name) ?? networks.find((network) => network.name === name);
  if (exact) return exact;
  const [only, ...others] = /^[0-9a-f]+$/.test(name) ? networks.filter(({ id }) => id.startsWith(name)) : [];
  if (others.length > 0) {
    const message = `network ${name} is ambiguous (${others.length + 1} matches found on name)`;
    throw new TboxError("invalid-argument", message);
  }
  if (only) return only;
  throw new TboxError("not-found", `network ${name} not found`);
}

/** Those that were made, and the three that every store has. */
function readNetworks(database: Database): Map<string, Network> {
  const put = database.query("INSERT INTO networks (id, network) VALUES ($id, $network)");
  const rows = database.query<{ network: string }, []>("SELECT network FROM networks").all();
  const all = new Map<string, Network>();
  for (const { network: text } of rows) {
    const network: Network = JSON.parse(text);
    all.set(network.id, network);
  }
  const add = (network: Network) => {
    put.run({ id: network.id, network: JSON.stringify(network) });
    all.set(network.id, network);
  };
  if (all.size === 0) for (const network of predefined()) add(network);
  return all;
}

function predefined(): Network[] {
  const plain = { created: new Date().toISOString(), internal: false, options: {}, labels: {} };
  const id = () => randomBytes(32).toString("hex");
  const ipv4 = chooseSubnet(hostRoutes());
  const ipv6 = inventSubnet6();
  const place = (subnet: typeof ipv4) => ({
    subnet: formatSubnet(subnet),
    gateway: formatAddress(usualGateway(subnet)),
  });
  return [
    { ...plain, id: id(), name: "bridge", driver: "bridge", ipv4: place(ipv4), ipv6: place(ipv6) },
    { ...plain, id: id(), name: "host", driver: "host" },
    { ...plain, id: id(), name: "none", driver: "null" },
  ];
}
