import { expect, test } from "bun:test";
import { type ContainersSubject, startWaiting } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOfCall } from "./support/error-of.ts";

/** Declares the guarantees of lookups, which fakes keep too. */
export function describeContainerQueries(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("get finds a container by name, ID and prefix", async () => {
      const { queries, lifecycle } = subject().containers;
      const { id } = await lifecycle.create(subject().ending, { name: "web" });
      for (const name of ["web", "/web", id, id.slice(0, 12)]) expect(queries.get(name).id).toBe(id);
    });

    test("get reports a missing container with Docker's text", async () => {
      expect(await errorOfCall(() => subject().containers.queries.get("none"))).toMatchObject({
        code: "not-found",
        message: "No such container: none",
      });
    });

    test("records are live", async () => {
      const { queries, lifecycle } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      const record = queries.get("web");
      await lifecycle.rename("web", "renamed");
      expect(record.name).toBe("renamed");
    });

    test("list returns all containers, newest first, or the running ones", async () => {
      const { queries, lifecycle } = subject().containers;
      await lifecycle.create(subject().ending, { name: "first" });
      await startWaiting(subject(), "second");
      const names = (all: boolean) => queries.list({ all, filters: new Map() }).map(({ name }) => name);
      expect(names(true)).toEqual(["second", "first"]);
      expect(names(false)).toEqual(["second"]);
    });
  });
}

/** Declares the guarantees of filters. */
export function describeContainerFilters(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("list shows stopped containers for the filter status and a limit, but not for the filter exited", async () => {
      const { queries, lifecycle } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      await lifecycle.start("web");
      await lifecycle.wait("web", "not-running", AbortSignal.timeout(30_000));
      const count = (filters: [string, string[]][], limit?: number) =>
        queries.list({ all: false, filters: new Map(filters), ...(limit === undefined ? {} : { limit }) })
          .length;
      expect(count([["status", ["exited"]]])).toBe(1);
      expect(count([], 1)).toBe(1);
      expect(count([], -1)).toBe(0);
      expect(count([["exited", ["7", "0"]]])).toBe(0);
    });

    test("list applies filters and limit, and refuses an unknown filter", async () => {
      const { queries, lifecycle } = subject().containers;
      await lifecycle.create({ ...subject().ending, Labels: { tier: "front" } }, { name: "first" });
      await lifecycle.create(subject().ending, { name: "second" });
      const names = (filters: Map<string, string[]>, limit?: number) =>
        queries
          .list({ all: true, filters, ...(limit === undefined ? {} : { limit }) })
          .map(({ name }) => name);
      expect(names(new Map([["label", ["tier=front"]]]))).toEqual(["first"]);
      expect(names(new Map([["name", ["sec"]]]))).toEqual(["second"]);
      expect(names(new Map([["status", ["running"]]]))).toEqual([]);
      expect(names(new Map(), 1)).toEqual(["second"]);
      expect(names(new Map(), -1)).toEqual(["second", "first"]);
      expect(await errorOfCall(() => names(new Map([["colour", ["red"]]])))).toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("invalid filter 'colour'"),
      });
    });
  });
}
