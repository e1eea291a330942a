import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { busyboxLayer } from "#test/support/images.ts";
import type { TarEntry } from "#test/support/tar.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { loadImage, loadShell, shellUnavailable } from "../support/images.ts";

const link = (path: string, target: string): TarEntry => ({ path, type: "symlink", target });
const none = ["--network", "none"];

daemonSuite("an image with hostile files", { obstacle: shellUnavailable }, (daemon) => {
  let count = 0;
  /** Loads an image with a shell and these files, and runs a program in it. */
  async function run(files: TarEntry[], options: string[], ...command: string[]) {
    count += 1;
    await loadShell(daemon, `hostile:${count}`, {}, files);
    return await daemon.tbox(["run", "--rm", ...none, ...options, `hostile:${count}`, ...command]);
  }

  /** A directory of the host, which must not change. */
  function outside() {
    const top = temporaryDirectory("outside");
    mkdirSync(`${top.path}/own`);
    writeFileSync(`${top.path}/own/file`, "private");
    const describe = () => {
      const { mtimeMs, mode } = statSync(`${top.path}/own`);
      return {
        mtimeMs,
        mode,
        names: readdirSync(`${top.path}/own`),
        text: readFileSync(`${top.path}/own/file`, "utf8"),
      };
    };
    return { path: `${top.path}/own`, describe, [Symbol.dispose]: () => top[Symbol.dispose]() };
  }

  test.each(["run", "exec"])("has no working directory of the host: %s", async (way) => {
    using host = outside();
    const places = ["/proc/self/cwd", "/proc/1/root", "/to-host", "/up/../../../..", "/to-fd"];
    const descriptors = Array.from({ length: 40 }, (_, number) => `/proc/self/fd/${number}`);
    const files = [link("to-host", host.path), link("to-fd", "/proc/self/fd/7"), link("up", "..")];
    await loadShell(daemon, `places-${way}:1`, {}, files);
    const name = `places-${way}`;
    await daemon.printed("run", "-d", ...none, "--name", name, `places-${way}:1`, "sleep", "1000");
    const start = way === "run" ? ["run", "--rm", ...none, "-w"] : ["exec", "-w"];
    const image = way === "run" ? `places-${way}:1` : name;
    const script = "pwd -P; ls; cat file ../file ../../etc/hostname 2>/dev/null";
    for (const place of [...places, ...descriptors]) {
      const { stdout, code } = await daemon.tbox([...start, place, image, "sh", "-c", script]);
      // A link to a missing directory is created below the root, as Docker does.
      if (code === 0 || stdout !== "") expect(stdout).not.toMatch(/private|unreachable/);
    }
    await daemon.printed("rm", "-f", name);
    expect(host.describe().names).toEqual(["file"]);
  });

  test("with links for kernel directories and files of /etc changes nothing on the host", async () => {
    using host = outside();
    const before = host.describe();
    for (const name of ["dev", "proc", "sys", "etc", "run", "tmp"]) {
      const { stdout } = await run(
        [link(name, host.path)],
        [],
        "sh",
        "-c",
        "cat /dev/file /proc/file /etc/file",
      );
      expect(stdout).not.toContain("private");
    }
    for (const name of ["hosts", "resolv.conf", "hostname", "mtab", "passwd", "group"]) {
      const target = `${host.path}/file`;
      const files: TarEntry[] = [{ path: "etc", type: "directory" }, link(`etc/${name}`, target)];
      const { stdout } = await run(files, ["--hostname", "box"], "cat", `/etc/${name}`);
      expect(stdout).not.toContain("private");
    }
    for (const name of ["dev/null", "dev/shm", "dev/pts", "dev/console", "dev/mqueue", ".dockerenv"]) {
      const files: TarEntry[] = [{ path: "dev", type: "directory" }, link(name, `${host.path}/made`)];
      await run(files, ["-t"], "true");
    }
    expect(host.describe()).toEqual(before);
  });

  test("has real kernel files, whatever the image has in their place", async () => {
    const fake = { path: "proc/self/status", content: "fake\n" };
    const files: TarEntry[] = [
      { path: "proc", type: "directory" },
      { path: "proc/self", type: "directory" },
      fake,
    ];
    const { stdout } = await run(files, [], "grep", "^Seccomp:", "/proc/self/status");
    expect(stdout).toBe("Seccomp:\t2\n");
  });

  test.each([
    ["a FIFO", { path: "etc/passwd", type: "fifo" as const }],
    ["a directory", { path: "etc/passwd", type: "directory" as const }],
    ["a link to an endless device", link("etc/passwd", "/dev/zero")],
    ["a link to a file of the kernel", link("etc/passwd", "/proc/self/environ")],
    ["too large", { path: "etc/passwd", content: Buffer.alloc(11 * 1024 * 1024, "x") }],
  ])("does not delay or kill anything with an /etc/passwd that is %s", async (_, file) => {
    const files: TarEntry[] = [{ path: "etc", type: "directory" }, file];
    const { code, stdout, stderr } = await run(files, ["--user", "app"], "id", "-u");
    expect(stdout).toBe("");
    expect([125, 126]).toContain(code);
    expect(stderr).toMatch(/app|passwd/);
    expect((await daemon.tbox(["ps", "-q"])).stdout).toBe("");
  });

  test("keeps the user's own group among the groups", async () => {
    const files: TarEntry[] = [
      { path: "etc", type: "directory" },
      { path: "etc/passwd", content: "app:x:1000:1234::/:/bin/sh\n" },
      { path: "etc/group", content: "own:x:1234:\nmore:x:2000:app\n" },
    ];
    const { stdout } = await run(files, ["--user", "app", "--group-add", "3000"], "id", "-G");
    expect(stdout.trim().split(" ").sort()).toEqual(["1234", "2000", "3000"]);
  });

  test("gains no rights by its labels, variables and volumes", async () => {
    const Labels = { "tbox.host-loopback": "true", "com.docker.security-opt": "seccomp=unconfined" };
    const config = {
      Env: ["PATH=/bin", "TBOX_DATA_DIR=/x", "LD_PRELOAD=/x.so"],
      Labels,
      Volumes: { "/../../../x": {} },
    };
    await loadImage(daemon, "labels:1", { layers: [busyboxLayer()], config });
    const script = "grep -E '^(CapBnd|Seccomp):' /proc/self/status; ls /x";
    const { stdout } = await daemon.tbox(["run", "--rm", ...none, "labels:1", "sh", "-c", script]);
    expect(stdout).toBe("CapBnd:\t00000000a80425fb\nSeccomp:\t2\n");
  });
});
