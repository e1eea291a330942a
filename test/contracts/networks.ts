import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { PortRequest } from "#native/protocol/net.ts";
import type { Network, NetworkNamespace } from "#network/network.ts";
import { defaultNetwork, type Networks } from "#network/networks.ts";
import { errorOfCall } from "./support/error-of.ts";

/** Networks of a new store. */
export interface NetworksSubject extends AsyncDisposable {
  networks: Networks;
  /** Registers a container that uses a network; `active` when it runs. */
  use(network: string, active: boolean): void;
  /** Events so far: action and name. */
  events: string[];
}

/** Declares the guarantees of the catalog, which hold without the net helper. */
export function describeNetworkCatalog(name: string, open: () => Promise<NetworksSubject>): void {
  networksSuite(name, open, (subject) => {
    test("a new store has the three predefined networks", () => {
      const { networks } = subject();
      expect(names(networks).toSorted()).toEqual(["bridge", "host", "none"]);
    });

    test("get finds a network by name, ID and prefix; named takes no prefix", () => {
      const { networks } = subject();
      const { id } = networks.create({ name: "own" });
      for (const name of ["own", id, id.slice(0, 12)]) expect(networks.get(name).id).toBe(id);
      for (const name of ["own", id]) expect(networks.named(name)?.id).toBe(id);
      expect(networks.named(id.slice(0, 12))).toBeUndefined();
    });

    test("get reports a missing network with Docker's message", async () => {
      expect(await errorOfCall(() => subject().networks.get("none-such"))).toMatchObject({
        code: "not-found",
        message: "network none-such not found",
      });
    });

    test("create chooses subnets that do not overlap and publishes an event", () => {
      const { networks, events } = subject();
      const [first, second] = ["one", "two"].map((name) => networks.create({ name, labels: { a: "1" } }));
      expect(first).toMatchObject({ driver: "bridge", internal: false, labels: { a: "1" } });
      expect(first?.ipv4?.subnet).not.toBe(second?.ipv4?.subnet ?? "");
      expect(events).toEqual(["create one", "create two"]);
    });

    test("more networks can be made than Docker's address pools have subnets of their size", () => {
      const { networks } = subject();
      const made = Array.from({ length: 60 }, (_, index) => networks.create({ name: `own-${index}` }));
      expect(new Set(made.map(({ ipv4 }) => ipv4?.subnet)).size).toBe(60);
    });

    test("create refuses a used name, a predefined name and an overlapping subnet", async () => {
      const { networks } = subject();
      networks.create({ name: "own", pools: [{ subnet: "10.77.0.0/24" }] });
      const refusals = [
        [{ name: "own" }, "conflict", "network with name own already exists"],
        [{ name: "default" }, "forbidden", "operation is not permitted on predefined default network"],
        [
          { name: "other", pools: [{ subnet: "10.77.0.0/16" }] },
          "forbidden",
          "invalid pool request: Pool overlaps with other one on this address space: 10.77.0.0/24",
        ],
      ] as const;
      for (const [request, code, message] of refusals) {
        const create = () =>
          networks.create({ ...request, pools: [...("pools" in request ? request.pools : [])] });
        expect(await errorOfCall(create)).toMatchObject({ code, message });
      }
      expect(names(networks)).toHaveLength(4);
    });

    test("remove deletes a network, also one with stopped containers", async () => {
      const { networks, use, events } = subject();
      networks.create({ name: "own" });
      use("own", false);
      await networks.remove("own");
      expect(networks.named("own")).toBeUndefined();
      expect(events.at(-1)).toBe("destroy own");
    });

    test("remove refuses a network with running containers and a predefined network", async () => {
      const { networks, use } = subject();
      const { id } = networks.create({ name: "own" });
      use("own", true);
      expect(await errorOfCall(() => networks.remove("own"))).toMatchObject({
        code: "forbidden",
        message: `error while removing network: network own id ${id} has active endpoints (name:"web")`,
      });
      expect(await errorOfCall(() => networks.remove("bridge"))).toMatchObject({
        code: "forbidden",
        message: "bridge is a pre-defined network and cannot be removed",
      });
      expect(names(networks)).toHaveLength(4);
    });

    test("prune removes networks without containers, running or not", async () => {
      const { networks, use } = subject();
      for (const name of ["used", "unused"]) networks.create({ name });
      use("used", false);
      expect(await networks.prune(new Map())).toEqual(["unused"]);
      expect(names(networks).toSorted()).toEqual(["bridge", "host", "none", "used"]);
    });

    test("the filters id and idOrName are regular expressions, as in Docker", () => {
      const { networks } = subject();
      const { id } = networks.create({ name: "own" });
      const list = (key: string, value: string) =>
        networks.list(new Map([[key, [value]]])).map(({ name }) => name);
      expect(list("id", `${id.slice(20)}$`)).toEqual(["own"]);
      expect(list("id", `^${id.slice(0, 12)}`)).toEqual(["own"]);
      expect(list("idOrName", "^own$")).toEqual(["own"]);
      expect(list("idOrName", id)).toEqual(["own"]);
    });

    test("the filter dangling=false includes Docker's predefined networks", () => {
      const { networks, use } = subject();
      for (const name of ["used", "unused"]) networks.create({ name });
      use("used", false);
      const list = (value: string) => networks.list(new Map([["dangling", [value]]])).map(({ name }) => name);
      expect(list("true")).toEqual(["unused"]);
      expect(list("false")).toEqual(["bridge", "host", "none", "used"]);
    });

    test("list and prune refuse an unknown filter", async () => {
      const { networks } = subject();
      const filters = new Map([["colour", ["red"]]]);
      for (const call of [() => networks.list(filters), () => networks.prune(filters)]) {
        expect(await errorOfCall(call)).toMatchObject({ code: "invalid-argument" });
      }
    });

    test("check refuses settings that the network does not support", async () => {
      const { networks } = subject();
      const own = networks.create({ name: "own", pools: [{ subnet: "10.77.0.0/24" }] });
      networks.check(own, { aliases: ["db"], ipv4: "10.77.0.9" });
      for (const settings of [{ aliases: ["db"] }, { ipv4: "172.17.0.9" }]) {
        const check = () => networks.check(networks.get(defaultNetwork), settings);
        expect(await errorOfCall(check)).toMatchObject({ code: "invalid-argument" });
      }
    });
  });
}

/** Declares the guarantees of network namespaces. */
export function describeNetworkAttachments(name: string, open: () => Promise<NetworksSubject>): void {
  networksSuite(name, open, (subject) => {
    test("join returns a namespace with the requested endpoints", async () => {
      const own = subject().networks.create({ name: "own", pools: [{ subnet: "10.77.0.0/24" }] });
      const namespace = await join(own, { ipv4: "10.77.0.9" });
      expect(namespace.endpoints).toMatchObject([
        { name: "own", ipv4: { address: "10.77.0.9", prefix: 24 } },
      ]);
    });

    test("two endpoints never share an address, which is free again after leave", async () => {
      const { networks } = subject();
      const own = networks.create({ name: "own", pools: [{ subnet: "10.77.0.0/24" }] });
      const [first, second] = [await join(own), await join(own)];
      expect(addressOf(first)).not.toBe(addressOf(second));
      const address = addressOf(first);
      expect(await errorOfCall(() => join(own, { ipv4: address }))).toBeInstanceOf(Error);
      await networks.leave(first);
      expect(addressOf(await join(own, { ipv4: address }))).toBe(address);
    });

    test("connect and disconnect change the endpoints of a running container", async () => {
      const { networks } = subject();
      const [one, two] = ["one", "two"].map((name) => networks.create({ name }));
      if (one === undefined || two === undefined) throw new Error("no networks");
      const namespace = await join(one);
      await networks.connect(namespace, two, { settings: {}, names: ["web"] });
      expect(namespace.endpoints.map(({ name }) => name)).toEqual(["one", "two"]);
      await networks.disconnect(namespace, two);
      expect(namespace.endpoints.map(({ name }) => name)).toEqual(["one"]);
    });

    test("rename replaces the names of every endpoint", async () => {
      const { networks } = subject();
      const namespace = await join(networks.create({ name: "own" }));
      await networks.rename(namespace, (network) => [`renamed-on-${network.name}`]);
      expect(namespace.endpoints.map((endpoint) => endpoint.names)).toEqual([["renamed-on-own"]]);
    });

    test("publish takes all ports or none, and leave frees them", async () => {
      const { networks } = subject();
      const [first, second] = [await joinDefault(), await joinDefault()];
      expect(networks.isReachable(first)).toBe(true);
      const request = (port: number): PortRequest => ({
        protocol: "tcp",
        addresses: ["127.0.0.1"],
        first: port,
        last: port,
        containerPort: 80,
      });
      await networks.publish(first, [request(0)]);
      const port = first.ports?.[0]?.hostPort ?? 0;
      expect(port).toBeGreaterThan(0);
      expect(await errorOfCall(() => networks.publish(second, [request(0), request(port)]))).toBeInstanceOf(
        Error,
      );
      expect(second.ports ?? []).toEqual([]);
      expect((await networks.state()).published).toHaveLength(1);
      await networks.leave(first);
      await networks.publish(second, [request(port)]);
      expect(second.ports).toMatchObject([{ hostPort: port, containerPort: 80, protocol: "tcp" }]);
    });

    test("a namespace of an internal network has no default route", async () => {
      const { networks } = subject();
      const namespace = await join(networks.create({ name: "own", internal: true }));
      expect(networks.isReachable(namespace)).toBe(false);
    });

    test("gateway returns the address of the host in a namespace, or on the default network", async () => {
      const { networks } = subject();
      const own = networks.create({ name: "own" });
      expect(networks.gateway(await join(own))).toBe(own.ipv4?.gateway ?? "");
      expect(networks.gateway(undefined)).toBe(networks.get(defaultNetwork).ipv4?.gateway ?? "");
    });

    test("the helper works, and no problem is reported", async () => {
      const { networks } = subject();
      expect((await networks.state()).pid).toBeGreaterThan(1);
      expect(networks.problem()).toBeUndefined();
    });

    function join(network: Network, settings = {}): Promise<NetworkNamespace> {
      return joined({ endpoints: [{ network, settings, names: ["web"] }], servers: [], fresh: false });
    }

    function joinDefault(): Promise<NetworkNamespace> {
      return join(subject().networks.get(defaultNetwork));
    }

    async function joined(request: Parameters<Networks["join"]>[0]): Promise<NetworkNamespace> {
      const namespace = await subject().networks.join(request);
      if (namespace === undefined) throw new Error(subject().networks.problem() ?? "no namespace");
      return namespace;
    }
  });
}

function networksSuite(
  name: string,
  open: () => Promise<NetworksSubject>,
  declare: (subject: () => NetworksSubject) => void,
): void {
  describe(name, () => {
    let opened: NetworksSubject | undefined;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened?.[Symbol.asyncDispose]());
    declare(() => {
      if (opened === undefined) throw new Error("the networks are used before their test has opened them");
      return opened;
    });
  });
}

function names(networks: Networks): string[] {
  return networks.list(new Map()).map(({ name }) => name);
}

function addressOf({ endpoints: [endpoint] }: NetworkNamespace): string {
  return endpoint?.ipv4.address ?? "";
}
