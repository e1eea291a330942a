import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { Warn } from "#support/log.ts";
import { formatAddress, formatSubnet } from "./addresses/address.ts";
import { chooseSubnet, defaultGateway, hostRoutes, randomSubnet6 } from "./addresses/subnets.ts";
import type { Network } from "./network.ts";

/** The table of networks, with a copy in memory. */
export interface NetworkRecords {
  all(): Network[];
  /** Returns a number that changes whenever a network is added or deleted. */
  revision(): number;
  byId(id: string): Network | undefined;
  /** Finds a network by its full name. */
  named(name: string): Network | undefined;
  /** Finds a network by name, ID or unique ID prefix; throws not-found with Docker's message. */
  find(name: string): Network;
  add(network: Omit<Network, "id" | "created">): Network;
  delete(id: string): void;
}

/**
 * Opens the table and adds the predefined networks that it lacks. Reports a network whose record cannot be read, and
 * leaves its row in the table.
 */
export function openNetworkRecords(database: Database, warn: Warn): NetworkRecords {
  const put = database.query("INSERT INTO networks (id, network) VALUES ($id, $network)");
  const drop = database.query("DELETE FROM networks WHERE id = $id");
  const rows = database.query<NetworkRow, []>("SELECT id, network FROM networks").all();
  const all = new Map<string, Network>();
  const byName = new Map<string, Network>();
  let revision = 0;
  const remember = (network: Network) => {
    revision++;
    all.set(network.id, network);
    // With equal names, which only damage can cause, the first network keeps its name.
    if (!byName.has(network.name)) byName.set(network.name, network);
  };
  for (const row of rows) {
    const network = readNetwork(row, warn);
    if (network) remember(network);
  }
  const records: NetworkRecords = {
    all: () => [...all.values()],
    revision: () => revision,
    byId: (id) => all.get(id),
    named: (name) => byName.get(name),
    find: (name) => all.get(name) ?? byName.get(name) ?? findByPrefix(all, name),
    add(plan) {
      const network = { ...plan, id: randomBytes(32).toString("hex"), created: new Date().toISOString() };
      put.run({ id: network.id, network: JSON.stringify(network) });
      remember(network);
      return network;
    },
    delete(id) {
      drop.run({ id });
      const network = all.get(id);
      revision++;
      all.delete(id);
      if (network && byName.get(network.name) === network) byName.delete(network.name);
    },
  };
  for (const network of predefined()) if (!byName.has(network.name)) records.add(network);
  return records;
}

interface NetworkRow {
  id: string;
  network: string;
}

function readNetwork({ id, network: text }: NetworkRow, warn: Warn): Network | undefined {
  try {
    const network: Network | null = JSON.parse(text);
    if (network?.id === id && network.name && network.driver && network.labels) return network;
    throw new Error("the record is incomplete");
  } catch (error) {
    warn(`network ${id} is set aside, because its record in tbox.db cannot be read`, error);
    return undefined;
  }
}

function findByPrefix(all: Map<string, Network>, name: string): Network {
  const networks = /^[0-9a-f]+$/.test(name) ? [...all.values()] : [];
  const [only, ...others] = networks.filter(({ id }) => id.startsWith(name));
  if (others.length > 0) {
    const message = `network ${name} is ambiguous (${others.length + 1} matches found on name)`;
    throw invalidArgument(message);
  }
  if (only) return only;
  throw new TboxError("not-found", `network ${name} not found`);
}

function predefined(): Omit<Network, "id" | "created">[] {
  const plain = { internal: false, options: {}, labels: {} };
  const ipv4 = chooseSubnet(hostRoutes());
  const ipv6 = randomSubnet6();
  const withGateway = (subnet: typeof ipv4) => ({
    subnet: formatSubnet(subnet),
    gateway: formatAddress(defaultGateway(subnet)),
  });
  return [
    { ...plain, name: "bridge", driver: "bridge", ipv4: withGateway(ipv4), ipv6: withGateway(ipv6) },
    { ...plain, name: "host", driver: "host" },
    { ...plain, name: "none", driver: "null" },
  ];
}
