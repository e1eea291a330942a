import { expect, test } from "bun:test";
import { once } from "node:events";
import { errorChain, errorCode } from "#support/errors.ts";
import { attach, type ContainersSubject, startWaiting, textOf } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOf, errorOfCall } from "./support/error-of.ts";

const signal = new AbortController().signal;
const all = { all: true, filters: new Map() };

/** Declares the guarantees of changes to a container's state. */
export function describeContainerLifecycle(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    const lifecycle = () => subject().containers.lifecycle;
    const get = (name: string) => subject().containers.queries.get(name);

    test("create makes a container that does not run", async () => {
      const { id, warnings } = await lifecycle().create(subject().ending, { name: "web" });
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      expect(warnings).toEqual([]);
      expect(get("web")).toMatchObject({ id, name: "web", state: { status: "created", pid: 0 } });
    });

    test("create invents different names for containers that are created at the same time", async () => {
      // Twice as many as it takes for two equal names among the 2,100 possible ones to be almost certain.
      const ids = Array.from(
        { length: 200 },
        async () => (await lifecycle().create(subject().ending, {})).id,
      );
      const names = (await Promise.all(ids)).map((id) => get(id).name);
      expect(new Set(names).size).toBe(200);
    });

    test("create refuses a missing image and leaves nothing behind", async () => {
      const create = lifecycle().create({ ...subject().ending, Image: "none" }, { name: "web" });
      expect(await errorOf(create)).toMatchObject({
        code: "not-found",
        message: expect.stringMatching(/^No such image: none/),
      });
      expect(subject().containers.queries.list(all)).toEqual([]);
    });

    test("create refuses a used name with Docker's text", async () => {
      const { id } = await lifecycle().create(subject().ending, { name: "web" });
      expect(await errorOf(lifecycle().create(subject().ending, { name: "web" }))).toMatchObject({
        code: "conflict",
        message: `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
      });
      expect(subject().containers.queries.list(all)).toHaveLength(1);
    });

    test("every operation reports a missing container with Docker's text", async () => {
      const calls = [
        () => lifecycle().start("none"),
        () => lifecycle().restart("none", {}),
        () => lifecycle().stop("none", {}),
        () => lifecycle().pause("none"),
        () => lifecycle().unpause("none"),
        () => lifecycle().wait("none", "not-running", signal),
        () => lifecycle().rename("none", "other"),
        () => lifecycle().update("none", {}),
        () => lifecycle().remove("none", { force: true, volumes: false }),
      ];
      for (const call of calls) {
        expect(await errorOfCall(call)).toMatchObject({
          code: "not-found",
          message: "No such container: none",
        });
      }
    });

    test("a stream attached before the start misses no byte", async () => {
      await lifecycle().create(subject().ending, { name: "web" });
      const stream = await attach(subject(), "web");
      const text = textOf(stream);
      expect(await lifecycle().start("web")).toBe("started");
      expect((await text).split("\n").toSorted()).toEqual(["", "err", "out"]);
    });

    test("wait does not miss a start that follows the call", async () => {
      await lifecycle().create(subject().ending, { name: "web" });
      const exit = lifecycle().wait("web", "next-exit", signal);
      await lifecycle().start("web");
      expect(await exit).toEqual({ code: 7 });
      expect(get("web").state).toMatchObject({ status: "exited", exitCode: 7, pid: 0 });
    });

    test("wait returns at once for a container that does not run", async () => {
      await lifecycle().create(subject().ending, { name: "web" });
      const exit = lifecycle().wait("web", "next-exit", signal);
      await lifecycle().start("web");
      await exit;
      expect(await lifecycle().wait("web", "not-running", signal)).toEqual({ code: 7 });
    });

    test("wait ends with the removal", async () => {
      await lifecycle().create(subject().ending, { name: "web" });
      const waits = (["removed", "next-exit"] as const).map((condition) =>
        lifecycle().wait("web", condition, signal),
      );
      await lifecycle().remove("web", { force: false, volumes: false });
      expect(await Promise.all(waits)).toEqual([{ code: 0 }, { code: 0 }]);
    });

    test("wait fails when its signal aborts", async () => {
      await lifecycle().create(subject().ending, { name: "web" });
      const abort = new AbortController();
      const wait = lifecycle().wait("web", "next-exit", abort.signal);
      abort.abort();
      expect(await errorOf(wait)).toMatchObject({
        code: "cancelled",
        message: "wait for container web was cancelled",
      });
    });

    test("a second start does nothing", async () => {
      await startWaiting(subject(), "web");
      const { pid } = get("web").state;
      expect(await lifecycle().start("web")).toBe("already-started");
      expect(get("web").state).toMatchObject({ status: "running", pid });
    });

    test("a failed start throws and ends attached streams", async () => {
      await lifecycle().create(subject().broken, { name: "web" });
      const text = textOf(await attach(subject(), "web"));
      expect(await errorOf(lifecycle().start("web"))).toMatchObject({ code: "invalid-argument" });
      expect(await text).toBe("");
      expect(get("web").state.status).not.toBe("running");
    });

    test("a container runs again after its exit", async () => {
      await lifecycle().create(subject().ending, { name: "web" });
      for (const _ of [1, 2]) {
        const exit = lifecycle().wait("web", "next-exit", signal);
        expect(await lifecycle().start("web")).toBe("started");
        expect(await exit).toEqual({ code: 7 });
      }
    });

    test("stop resolves after the exit, and does nothing for a stopped container", async () => {
      await startWaiting(subject(), "web");
      expect(await lifecycle().stop("web", {})).toBe("stopped");
      expect(get("web").state).toMatchObject({ status: "exited", pid: 0 });
      expect(await lifecycle().stop("web", {})).toBe("already-stopped");
    });

    test("kill sends SIGKILL by default", async () => {
      await startWaiting(subject(), "web");
      const exit = lifecycle().wait("web", "next-exit", signal);
      await lifecycle().kill("web", {});
      expect(await exit).toEqual({ code: 137 });
    });

    test("kill refuses a container that does not run", async () => {
      const { id } = await lifecycle().create(subject().ending, { name: "web" });
      const error = await errorOf(lifecycle().kill("web", {}));
      expect(errorCode(error)).toBe("conflict");
      expect(errorChain(error)).toBe(`cannot kill container: web: container ${id} is not running`);
      const missing = await errorOf(lifecycle().kill("nosuch", {}));
      expect(errorCode(missing)).toBe("not-found");
      expect(errorChain(missing)).toBe("cannot kill container: nosuch: No such container: nosuch");
    });

    test("restart stops a running container and starts it again", async () => {
      const { stream } = await startWaiting(subject(), "web");
      stream.resume();
      const { startedAt } = get("web").state;
      await lifecycle().restart("web", {});
      expect(get("web").state.status).toBe("running");
      expect(get("web").state.startedAt >= startedAt).toBe(true);
    });

    test("pause refuses a stopped container, and unpause one that is not paused", async () => {
      const { id } = await lifecycle().create(subject().ending, { name: "web" });
      expect(await errorOf(lifecycle().pause("web"))).toMatchObject({
        code: "conflict",
        message: `container ${id} is not running`,
      });
      expect(await errorOf(lifecycle().unpause("web"))).toMatchObject({
        code: "conflict",
        message: `container ${id} is not paused`,
      });
    });

    test("rename keeps the ID and frees the old name", async () => {
      const { id } = await lifecycle().create(subject().ending, { name: "old" });
      await lifecycle().rename("old", "new");
      expect(get("new").id).toBe(id);
      expect((await lifecycle().create(subject().ending, { name: "old" })).id).not.toBe(id);
    });

    test("rename refuses an empty, the current and a used name", async () => {
      await lifecycle().create(subject().ending, { name: "web" });
      await lifecycle().create(subject().ending, { name: "used" });
      const refusals = [
        ["", "invalid-argument", "Neither old nor new names may be empty"],
        ["web", "invalid-argument", "Renaming a container with the same name as its current name"],
        ["used", "conflict", expect.stringContaining('The container name "/used" is already in use')],
      ] as const;
      for (const [wanted, code, message] of refusals) {
        expect(await errorOf(lifecycle().rename("web", wanted))).toMatchObject({ code, message });
      }
      expect(get("web").name).toBe("web");
    });

    test("remove refuses a running container, except with force", async () => {
      const { stream } = await startWaiting(subject(), "web");
      const ended = once(stream.resume(), "end");
      expect(await errorOf(lifecycle().remove("web", { force: false, volumes: false }))).toMatchObject({
        code: "conflict",
        message:
          'cannot remove container "web": container is running: stop the container before removing or force remove',
      });
      await lifecycle().remove("web", { force: true, volumes: false });
      await ended;
      expect(subject().containers.queries.list(all)).toEqual([]);
    });

    test("a container with AutoRemove disappears after its exit", async () => {
      await lifecycle().create({ ...subject().ending, HostConfig: { AutoRemove: true } }, { name: "web" });
      const removal = lifecycle().wait("web", "removed", signal);
      await lifecycle().start("web");
      expect(await removal).toEqual({ code: 7 });
      expect(subject().containers.queries.list(all)).toEqual([]);
    });
  });
}
