import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { anonymousLabel, type Volumes } from "#volumes/volumes.ts";
import { errorOf, errorOfCall } from "./support/error-of.ts";

/** Volumes without any volume, and control over their users. */
export interface VolumesSubject extends AsyncDisposable {
  volumes: Volumes;
  /** Registers a container that uses a volume. */
  use(name: string): string;
  /** Events so far: action, volume, attributes. */
  events: unknown[][];
}

/** Declares the guarantees of volumes. */
export function describeVolumes(name: string, open: () => Promise<VolumesSubject>): void {
  describe(name, () => {
    let subject: VolumesSubject;
    let volumes: Volumes;
    beforeEach(async () => {
      subject = await open();
      volumes = subject.volumes;
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    test("create makes a directory that every user can traverse", () => {
      const volume = volumes.create({ name: "data", labels: { a: "1" } });
      expect(volume).toMatchObject({ name: "data", labels: { a: "1" }, options: {} });
      expect(new Date(volume.created).getTime()).toBeGreaterThan(0);
      const directory = statSync(volumes.mountpoint("data"));
      expect(directory.isDirectory()).toBe(true);
      expect(directory.mode & 0o777).toBe(0o755);
      expect(volumes.get("data")).toEqual(volume);
    });

    test("create without a name makes an anonymous volume", () => {
      const [first, second] = [volumes.create({}), volumes.create({})];
      expect(first.name).toMatch(/^[0-9a-f]{64}$/);
      expect(first.name).not.toBe(second.name);
      expect(first.labels).toHaveProperty([anonymousLabel]);
    });

    test("create is idempotent and publishes one event", () => {
      const first = volumes.create({ name: "data" });
      expect(volumes.create({ name: "data", labels: { other: "" } })).toEqual(first);
      expect(volumes.list({ filters: new Map() })).toHaveLength(1);
      expect(subject.events).toEqual([["create", "data"]]);
    });

    test("create returns an existing volume, whatever options are requested", () => {
      const first = volumes.create({ name: "data" });
      const options = { type: "none", o: "bind", device: "/tmp" };
      expect(volumes.create({ name: "data", options })).toEqual(first);
      expect(volumes.get("data").options).toEqual({});
    });

    test("create refuses a name of one letter with Docker's text", async () => {
      const error = await errorOfCall(() => volumes.create({ name: "x" }));
      expect(String(error)).toContain("create x: volume name is too short");
    });

    test.each(["../data", "a/b", "-a"])("create refuses the name %p with Docker's text", async (name) => {
      const error = await errorOfCall(() => volumes.create({ name }));
      expect(error).toMatchObject({ code: "invalid-argument" });
      expect(String(error)).toContain(`"${name}" includes invalid characters for a local volume name`);
      expect(volumes.list({ filters: new Map() })).toEqual([]);
    });

    test("get reports a missing volume with Docker's text", async () => {
      expect(await errorOfCall(() => volumes.get("none"))).toMatchObject({
        code: "not-found",
        message: "get none: no such volume",
      });
    });

    test("list sorts by name and refuses an unknown filter", async () => {
      for (const name of ["banana", "apple", "cherry"]) volumes.create({ name });
      const names = (filters: Map<string, string[]>) => volumes.list({ filters }).map(({ name }) => name);
      expect(names(new Map())).toEqual(["apple", "banana", "cherry"]);
      expect(names(new Map([["name", ["an"]]]))).toEqual(["banana"]);
      expect(await errorOfCall(() => names(new Map([["colour", ["red"]]])))).toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("invalid filter 'colour'"),
      });
    });

    test("the filter dangling separates used from unused volumes", () => {
      for (const name of ["used", "unused"]) volumes.create({ name });
      subject.use("used");
      const dangling = (value: string) => volumes.list({ filters: new Map([["dangling", [value]]]) });
      expect(dangling("true").map(({ name }) => name)).toEqual(["unused"]);
      expect(dangling("false").map(({ name }) => name)).toEqual(["used"]);
    });

    test("remove deletes a volume and publishes an event", async () => {
      volumes.create({ name: "data" });
      volumes.remove("data", { force: false });
      expect(await errorOfCall(() => volumes.get("data"))).toMatchObject({ code: "not-found" });
      expect(subject.events.at(-1)).toEqual(["destroy", "data"]);
    });

    test("remove refuses a used volume, also with force", async () => {
      volumes.create({ name: "data" });
      const user = subject.use("data");
      for (const force of [false, true]) {
        expect(await errorOfCall(() => volumes.remove("data", { force }))).toMatchObject({
          code: "conflict",
          message: `remove data: volume is in use - [${user}]`,
        });
      }
      expect(volumes.get("data").name).toBe("data");
    });

    test("remove ignores a missing volume only with force", async () => {
      volumes.remove("none", { force: true });
      expect(await errorOfCall(() => volumes.remove("none", { force: false }))).toMatchObject({
        code: "not-found",
      });
    });

    test("createAll creates all or none, and one volume for a name that is given twice", () => {
      expect(() => volumes.createAll([{ name: "data" }, {}, { name: "!" }])).toThrow(
        "volume name is too short",
      );
      expect(volumes.list({ filters: new Map() })).toEqual([]);
      volumes.create({ name: "old", labels: { a: "1" } });
      const created = volumes.createAll([{ name: "data" }, { name: "old" }, {}, { name: "data" }]);
      expect(created.map(({ name }) => name)).toEqual(["data", "old", created[2]?.name ?? "", "data"]);
      expect(created[1]?.labels).toEqual({ a: "1" });
      expect(volumes.list({ filters: new Map() })).toHaveLength(3);
    });

    test("removeUnused removes the volumes that exist and have no user", () => {
      volumes.createAll([{ name: "used" }, { name: "unused" }, { name: "other" }]);
      subject.use("used");
      volumes.removeUnused(["used", "unused", "none"]);
      expect(volumes.list({ filters: new Map() }).map(({ name }) => name)).toEqual(["other", "used"]);
    });

    test("prune removes unused anonymous volumes only", async () => {
      const [used, unused] = [volumes.create({}).name, volumes.create({}).name];
      volumes.create({ name: "named" });
      subject.use(used);
      const { names, space } = await volumes.prune(new Map());
      expect(names).toEqual([unused]);
      expect(space).toBeGreaterThanOrEqual(0);
      expect(
        volumes
          .list({ filters: new Map() })
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual([used, "named"].toSorted());
    });

    test("prune with the filter all removes unused named volumes too", async () => {
      for (const name of ["named", "used"]) volumes.create({ name });
      subject.use("used");
      expect((await volumes.prune(new Map([["all", ["true"]]]))).names).toEqual(["named"]);
    });

    test("prune refuses an unknown filter, and those of lists, and removes nothing", async () => {
      volumes.create({});
      for (const key of ["colour", "name", "driver", "dangling"]) {
        expect(await errorOf(volumes.prune(new Map([[key, ["local"]]])))).toMatchObject({
          code: "invalid-argument",
          message: `invalid filter '${key}'`,
        });
      }
      expect(() => volumes.list({ filters: new Map([["label!", ["a"]]]) })).toThrow(
        "invalid filter 'label!'",
      );
      expect(volumes.list({ filters: new Map() })).toHaveLength(1);
    });

    test("announce publishes the event of a container", () => {
      volumes.create({ name: "data" });
      volumes.announce("mount", "data", { container: "c1" });
      expect(subject.events.at(-1)).toEqual(["mount", "data", { container: "c1" }]);
    });

    test("sizes measures every volume", async () => {
      for (const name of ["data", "more"]) volumes.create({ name });
      const sizes = await volumes.sizes();
      expect([...sizes.keys()].toSorted()).toEqual(["data", "more"]);
      expect(sizes.get("data")).toBeGreaterThan(0);
    });
  });
}
