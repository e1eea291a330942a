import { expect, test } from "bun:test";
import { type ContainersSubject, startWaiting } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOfCall } from "./support/error-of.ts";

/** Declares the guarantees of resource usage that fakes keep too. */
export function describeUsageQueries(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("every operation reports a missing container with Docker's text", async () => {
      const { admin } = subject().containers;
      for (const call of [() => admin.stats("none"), () => admin.top("none", "")]) {
        expect(await errorOfCall(call)).toMatchObject({
          code: "not-found",
          message: "No such container: none",
        });
      }
    });

    test("a stopped container has no usage and no processes", async () => {
      const { admin, lifecycle } = subject().containers;
      const { id } = await lifecycle.create(subject().ending, { name: "web" });
      expect(admin.stats("web")).toBeUndefined();
      expect(await errorOfCall(() => admin.top("web", ""))).toMatchObject({
        code: "conflict",
        message: `container ${id} is not running`,
      });
    });
  });
}

/** Declares the guarantees of resource usage and of the removal of stopped containers. */
export function describeContainerAdministration(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("stats and top read a running container", async () => {
      const { admin } = subject().containers;
      await startWaiting(subject(), "web");
      expect(admin.stats("web")?.read).toBeInstanceOf(Date);
      const { titles, processes } = await admin.top("web", "-eo pid,args");
      expect(titles).toEqual(["PID", "COMMAND"]);
      expect(processes.flat().join(" ")).toContain("echo ready");
    });

    test("size and disk usage grow with the written files", async () => {
      const { admin, lifecycle } = subject().containers;
      const Cmd = ["dd", "if=/dev/zero", "of=/big", "bs=1M", "count=1"];
      const { id } = await lifecycle.create({ ...subject().ending, Cmd }, { name: "web" });
      const before = (await admin.sizes([id])).get(id) ?? 0;
      const exit = lifecycle.wait("web", "next-exit", new AbortController().signal);
      await lifecycle.start("web");
      expect(await exit).toEqual({ code: 0 });
      expect((await admin.sizes([id])).get(id)).toBeGreaterThanOrEqual(before + (1 << 20));
      expect((await admin.diskUsage()).get(id)).toBeGreaterThanOrEqual(1 << 20);
    });

    test("prune removes the stopped containers that match, and no running one", async () => {
      const { admin, lifecycle, queries } = subject().containers;
      await startWaiting(subject(), "running");
      const { id } = await lifecycle.create(
        { ...subject().ending, Labels: { a: "1" } },
        { name: "labelled" },
      );
      await lifecycle.create(subject().ending, { name: "other" });
      expect((await admin.prune(new Map([["label", ["a=1"]]]))).ids).toEqual([id]);
      await admin.prune(new Map());
      expect(queries.list({ all: true, filters: new Map() }).map(({ name }) => name)).toEqual(["running"]);
      expect(await errorOfCall(() => admin.prune(new Map([["colour", ["red"]]])))).toMatchObject({
        code: "invalid-argument",
      });
    });
  });
}
