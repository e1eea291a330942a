import { expect, test } from "bun:test";
import { buffer } from "node:stream/consumers";
import { parseReference } from "#oci/reference.ts";
import { tar } from "#test/support/tar.ts";
import { type ContainersSubject, type RealContainers, startWaiting } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOfCall } from "./support/error-of.ts";

const archiveOf = (content: string) => new Blob([new Uint8Array(tar([{ path: "added", content }]))]).stream();
const commitOptions = { changes: [], config: {}, author: "", comment: "", pause: false };

/** Declares the refusals of file operations, which fakes keep too. */
export function describeFileRefusals(name: string, open: () => Promise<ContainersSubject>): void {
  containersSuite(name, open, (subject) => {
    test("every operation reports a missing container with Docker's text", async () => {
      const { files } = subject().containers;
      const signal = new AbortController().signal;
      const calls = [
        () => files.stat("none", "/"),
        () => files.archive("none", "/"),
        () => files.export("none"),
        () => files.extract("none", "/", { archive: archiveOf(""), keepKinds: false }),
        () => files.changes("none"),
        () => files.commit("none", { ...commitOptions, signal }),
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

/** Declares the guarantees of access to the files of containers. */
export function describeContainerFiles(name: string, open: () => Promise<RealContainers>): void {
  containersSuite(name, open, (subject) => {
    test.each(["a stopped", "a running"])("extract, stat and archive work in %s container", async (state) => {
      const { lifecycle, files } = subject().containers;
      if (state === "a running") await startWaiting(subject(), "web");
      else await lifecycle.create(subject().ending, { name: "web" });
      await files.extract("web", "/tmp", { archive: archiveOf("text"), keepKinds: false });
      expect(await files.stat("web", "/tmp/added")).toMatchObject({ size: 4 });
      const { status, stream } = await files.archive("web", "/tmp/added");
      expect(status.size).toBe(4);
      const bytes = await buffer(stream);
      expect(bytes.toString("latin1")).toContain("text");
      expect(bytes.toString("latin1")).toStartWith("added\0");
    });

    test("stat does not follow a symbolic link", async () => {
      const { lifecycle, files } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      expect(await files.stat("web", "/bin/sh")).toMatchObject({ target: "busybox" });
    });

    test("a path that leads out of the root stays below it", async () => {
      const { lifecycle, files } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      const archive = new Blob([
        new Uint8Array(tar([{ path: "outside", type: "symlink", target: "/../../../../etc" }])),
      ]).stream();
      await files.extract("web", "/", { archive, keepKinds: false });
      expect(await files.stat("web", "/../../etc/passwd")).toEqual(await files.stat("web", "/etc/passwd"));
      expect(await files.stat("web", "/outside/passwd")).toEqual(await files.stat("web", "/etc/passwd"));
    });

    test("a missing file is reported with Docker's text", async () => {
      const { lifecycle, files } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      for (const call of [() => files.stat("web", "/none"), () => files.archive("web", "/none")]) {
        expect(await errorOfCall(call)).toMatchObject({
          code: "not-found",
          message: "Could not find the file /none in container web",
        });
      }
    });

    test("extract refuses a read-only container", async () => {
      const { lifecycle, files } = subject().containers;
      await lifecycle.create({ ...subject().ending, HostConfig: { ReadonlyRootfs: true } }, { name: "web" });
      const extract = () => files.extract("web", "/", { archive: archiveOf("x"), keepKinds: false });
      expect(await errorOfCall(extract)).toMatchObject({
        code: "invalid-argument",
        message: "container rootfs is marked read-only",
      });
    });

    test("extract with keepKinds does not replace a directory with a file", async () => {
      const { lifecycle, files } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      const etc = () => new Blob([new Uint8Array(tar([{ path: "etc", content: "file" }]))]).stream();
      const extract = () => files.extract("web", "/", { archive: etc(), keepKinds: true });
      expect(await errorOfCall(extract)).toBeInstanceOf(Error);
      expect((await files.stat("web", "/etc/passwd")).size).toBeGreaterThan(0);
    });

    test("changes lists additions, modifications and deletions", async () => {
      const { lifecycle, files } = subject().containers;
      const Cmd = ["sh", "-c", "echo x >/root/new; echo x >>/etc/group; rm /etc/passwd"];
      await lifecycle.create({ ...subject().ending, Cmd }, { name: "web" });
      const exit = lifecycle.wait("web", "next-exit", new AbortController().signal);
      await lifecycle.start("web");
      expect(await exit).toEqual({ code: 0 });
      expect(await files.changes("web")).toEqual([
        { kind: "modified", path: "/etc" },
        { kind: "modified", path: "/etc/group" },
        { kind: "deleted", path: "/etc/passwd" },
        { kind: "modified", path: "/root" },
        { kind: "added", path: "/root/new" },
      ]);
    });

    test("export has the whole root file system", async () => {
      const { lifecycle, files } = subject().containers;
      await lifecycle.create(subject().ending, { name: "web" });
      await files.extract("web", "/tmp", { archive: archiveOf("text"), keepKinds: false });
      const names = (await buffer(await files.export("web"))).toString("latin1");
      for (const name of ["bin/busybox\0", "etc/passwd\0", "tmp/added\0"]) expect(names).toContain(name);
    });

    test("commit makes an image with the container's changes", async () => {
      const { lifecycle, files } = subject().containers;
      const { engine } = subject();
      await lifecycle.create(subject().ending, { name: "web" });
      await files.extract("web", "/", { archive: archiveOf("text"), keepKinds: false });
      const id = await files.commit("web", {
        ...commitOptions,
        changes: ["USER app"],
        reference: parseReference("committed:1"),
        signal: new AbortController().signal,
      });
      const image = await engine.images.inspect("committed:1");
      expect(image).toMatchObject({ id, config: { config: { User: "app" } } });
      await lifecycle.create({ Image: "committed:1", Cmd: ["true"] }, { name: "later" });
      expect((await files.stat("later", "/added")).size).toBe(4);
    });
  });
}
