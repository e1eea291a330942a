import { expect, test } from "bun:test";
import { type ContainersSubject, startWaiting, textOf } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOfCall } from "./support/error-of.ts";

const output = { AttachStdout: true, AttachStderr: true };
const attached = { detach: false, framing: "raw" } as const;
const unknown = "f".repeat(64);

/** Declares the refusals of execs, which fakes keep too. */
export function describeExecRefusals(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("create refuses a missing container and one that does not run", async () => {
      const { lifecycle, execs } = subject().containers;
      const create = (container: string) => errorOfCall(() => execs.create(container, { Cmd: ["true"] }));
      expect(await create("none")).toMatchObject({ code: "not-found", message: "No such container: none" });
      const { id } = await lifecycle.create(subject().ending, { name: "web" });
      expect(await create("web")).toMatchObject({
        code: "conflict",
        message: `container ${id} is not running`,
      });
    });

    test("an unknown exec is reported with Docker's text", async () => {
      const { execs } = subject().containers;
      const calls = [
        () => execs.get(unknown),
        () => execs.startable(unknown),
        () => execs.start(unknown, attached),
        () => execs.reportDetach(unknown),
        () => execs.kill(unknown),
        () => execs.resize(unknown, { columns: 80, rows: 24 }),
      ];
      for (const call of calls) {
        expect(await errorOfCall(call)).toMatchObject({
          code: "not-found",
          message: `No such exec instance: ${unknown}`,
        });
      }
      expect(execs.running(unknown)).toEqual([]);
    });
  });
}

/** Declares the guarantees of programs in running containers. */
export function describeExecs(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("an exec runs once and keeps its exit status", async () => {
      const { execs } = subject().containers;
      const { id: containerId } = await startWaiting(subject(), "web");
      const id = execs.create("web", { Cmd: ["sh", "-c", "echo out; exit 5"], ...output });
      expect(execs.get(id)).toMatchObject({ id, containerId, running: false, pid: 0 });
      expect(execs.startable(id).id).toBe(id);
      const { stream, ended } = await execs.start(id, attached);
      if (stream === undefined) throw new Error("no stream");
      expect(await textOf(stream)).toBe("out\n");
      await ended;
      expect(execs.get(id)).toMatchObject({ running: false, exitCode: 5 });
      for (const call of [() => execs.startable(id), () => execs.start(id, attached)]) {
        expect(await errorOfCall(call)).toMatchObject({
          code: "conflict",
          message: `exec instance ${id} has run already`,
        });
      }
    });

    test.each([
      ["/no/such/program", 127],
      ["/etc/passwd", 126],
    ])("the start of %s throws and leaves the exit status %d", async (program, code) => {
      const { execs } = subject().containers;
      await startWaiting(subject(), "web");
      const id = execs.create("web", { Cmd: [program], ...output });
      expect(await errorOfCall(() => execs.start(id, attached))).toMatchObject({ code: "invalid-argument" });
      expect(execs.get(id).exitCode).toBe(code);
    });

    test("kill ends a running exec", async () => {
      const { execs } = subject().containers;
      const { id: container } = await startWaiting(subject(), "web");
      const id = execs.create("web", { Cmd: ["sleep", "600"] });
      const { stream, ended } = await execs.start(id, { detach: true, framing: "raw" });
      expect(stream).toBeUndefined();
      expect(execs.running(container)).toEqual([id]);
      execs.kill(id);
      await ended;
      expect(execs.get(id).exitCode).toBe(137);
      expect(execs.running(container)).toEqual([]);
    });

    test("an exec cannot start after its container's exit", async () => {
      const { execs, lifecycle } = subject().containers;
      await startWaiting(subject(), "web");
      const id = execs.create("web", { Cmd: ["true"] });
      await lifecycle.stop("web", {});
      expect(await errorOfCall(() => execs.startable(id))).toMatchObject({ code: "not-found" });
    });

    test("an exec is forgotten with its container", async () => {
      const { execs, lifecycle } = subject().containers;
      await startWaiting(subject(), "web");
      const id = execs.create("web", { Cmd: ["true"] });
      await lifecycle.remove("web", { force: true, volumes: false });
      expect(await errorOfCall(() => execs.get(id))).toMatchObject({ code: "not-found" });
    });
  });
}
