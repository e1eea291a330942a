import { expect, test } from "bun:test";
import { attach, type ContainersSubject, startWaiting, textOf } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOf, errorOfCall } from "./support/error-of.ts";

const signal = new AbortController().signal;
const logOptions = { stdout: true, stderr: true, follow: false, signal };

/** Declares the guarantees of streams, which fakes keep too. */
export function describeContainerStreams(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("an attached stream carries input and output, and ends with the container", async () => {
      const { lifecycle } = subject().containers;
      await lifecycle.create(subject().waiting, { name: "web" });
      const stream = await attach(subject(), "web");
      const text = textOf(stream);
      const exit = lifecycle.wait("web", "next-exit", signal);
      await lifecycle.start("web");
      stream.write("line\n");
      expect(await text).toBe("ready\nline\n");
      expect(await exit).toEqual({ code: 3 });
    });

    test("resize accepts a running container only", async () => {
      const { lifecycle, streams } = subject().containers;
      await startWaiting(subject(), "web");
      await streams.resize("web", { columns: 80, rows: 24 });
      await lifecycle.stop("web", {});
      expect(await errorOf(streams.resize("web", { columns: 80, rows: 24 }))).toMatchObject({
        code: "conflict",
        message: "cannot resize a stopped container: container web is not running",
      });
    });

    test("every operation reports a missing container with Docker's text", async () => {
      const { streams } = subject().containers;
      const calls = [
        () => attach(subject(), "none"),
        () => streams.logs("none", logOptions),
        () => streams.reportDetach("none"),
        () => streams.resize("none", { columns: 80, rows: 24 }),
      ];
      for (const call of calls) {
        expect(await errorOfCall(call)).toMatchObject({
          code: "not-found",
          message: "No such container: none",
        });
      }
    });
  });
}

/** Declares the guarantees of logs. */
export function describeContainerLogs(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("the log has the output of each stream", async () => {
      const { lifecycle, streams } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      const exit = lifecycle.wait("web", "next-exit", signal);
      await lifecycle.start("web");
      await exit;
      const read = async (options: { stdout: boolean; stderr: boolean; tail?: number }) => {
        const records = await Array.fromAsync(await streams.logs("web", { ...logOptions, ...options }));
        return records.map(({ stream, text }) => `${stream} ${text}`).toSorted();
      };
      expect(await read({ stdout: true, stderr: true })).toEqual(["stderr err\n", "stdout out\n"]);
      expect(await read({ stdout: true, stderr: false })).toEqual(["stdout out\n"]);
      expect(await read({ stdout: true, stderr: true, tail: 0 })).toEqual([]);
    });

    test("a followed log gets later records and ends with the container", async () => {
      const { streams } = subject().containers;
      const { stream } = await startWaiting(subject(), "web");
      const log = await streams.logs("web", { ...logOptions, follow: true });
      const records = Array.fromAsync(log);
      stream.resume().write("later\n");
      expect((await records).map(({ text }) => text)).toEqual(["ready\n", "later\n"]);
    });

    test("an opened log loses no record when the container is removed", async () => {
      const { lifecycle, streams } = subject().containers;
      await startWaiting(subject(), "web");
      const log = await streams.logs("web", { ...logOptions, follow: true });
      await lifecycle.remove("web", { force: true, volumes: false });
      expect((await Array.fromAsync(log)).map(({ text }) => text)).toEqual(["ready\n"]);
    });

    test("a log that is not recorded cannot be read", async () => {
      const { lifecycle, streams } = subject().containers;
      const HostConfig = { LogConfig: { Type: "none" } };
      await lifecycle.create({ ...subject().ending, HostConfig }, { name: "web" });
      expect(await errorOf(streams.logs("web", logOptions))).toMatchObject({
        code: "not-implemented",
        message: "configured logging driver does not support reading",
      });
    });
  });
}
