import { afterEach, expect, test } from "bun:test";
import { type ContainersSubject, type RealContainers, startWaiting } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOfCall } from "./support/error-of.ts";

/** Declares the refusals of changes to networks, which fakes keep too. */
export function describeNetworkingRefusals(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("every operation reports a missing container with Docker's text", async () => {
      const { networking } = subject().containers;
      const calls = [
        () => networking.connect("none", { network: "bridge", settings: {} }),
        () => networking.disconnect("none", "bridge"),
        () => networking.unlink("none", "alias"),
      ];
      for (const call of calls) {
        expect(await errorOfCall(call)).toMatchObject({
          code: "not-found",
          message: "No such container: none",
        });
      }
      expect(networking.links()).toEqual([]);
    });
  });
}

/** Declares the guarantees of changes to the networks and links of containers. */
export function describeContainerNetworking(name: string, open: () => Promise<RealContainers>): void {
  containersSuite(name, open, (subject) => {
    afterEach(async () => {
      await subject().engine.networks.prune(new Map());
    });

    test("a second connect of a stopped container replaces the settings, and it is disconnected once", async () => {
      const { lifecycle, networking, queries } = subject().containers;
      const network = subject().engine.networks.create({ name: "own" });
      const { id } = await lifecycle.create(subject().ending, { name: "web" });
      const connect = (aliases: string[]) =>
        networking.connect("web", { network: network.id, settings: { aliases } });
      await connect(["a"]);
      expect(queries.get("web").networks).toMatchObject({ bridge: {}, own: { aliases: ["a"] } });
      await connect(["b"]);
      expect(queries.get("web").networks).toMatchObject({ bridge: {}, own: { aliases: ["b"] } });
      await networking.disconnect("web", "own");
      expect(queries.get("web").networks).not.toHaveProperty("own");
      expect(await errorOfCall(() => networking.disconnect("web", "own"))).toMatchObject({
        code: "forbidden",
        message: `container ${id} is not connected to network own`,
      });
    });

    test("a running container is connected and disconnected at once", async () => {
      const { networking, queries } = subject().containers;
      subject().engine.networks.create({ name: "own" });
      await startWaiting(subject(), "web");
      const names = () => queries.get("web").network?.endpoints.map(({ name }) => name);
      await networking.connect("web", { network: "own", settings: {} });
      expect(names()).toEqual(["bridge", "own"]);
      await networking.disconnect("web", "own");
      expect(names()).toEqual(["bridge"]);
    });

    test("connect refuses a missing network and settings that it does not support", async () => {
      const { lifecycle, networking, queries } = subject().containers;
      subject().engine.networks.create({ name: "own" });
      await lifecycle.create(subject().ending, { name: "web" });
      const refusals = [
        ["none-such", {}, "not-found"],
        ["own", { ipv4: "10.0.0.1" }, "invalid-argument"],
        ["host", {}, "invalid-argument"],
      ] as const;
      for (const [network, settings, code] of refusals) {
        const connect = () => networking.connect("web", { network, settings });
        expect(await errorOfCall(connect)).toMatchObject({ code });
      }
      expect(Object.keys(queries.get("web").networks ?? {})).toEqual(["bridge"]);
    });

    test("links are listed and removed by their alias", async () => {
      const { lifecycle, networking, queries } = subject().containers;
      await startWaiting(subject(), "db");
      const HostConfig = { Links: [{ name: "db", alias: "database" }] };
      await lifecycle.create({ ...subject().ending, HostConfig }, { name: "web" });
      expect(networking.links(queries.get("web"))).toHaveLength(1);
      expect(networking.links()).toHaveLength(1);
      expect(await errorOfCall(() => networking.unlink("web", "other"))).toMatchObject({
        code: "not-found",
        message: "No such link: /web/other",
      });
      await networking.unlink("web", "database");
      expect(networking.links()).toEqual([]);
    });
  });
}
