import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [
    { path: "etc", type: "directory" },
    { path: "etc/passwd", content: "root:x:0:0::/:/bin/sh\n" },
    { path: "data", type: "directory" },
    { path: "data/sub", type: "directory" },
    { path: "data/sub/file", content: "from the image" },
  ]);
  await loadShell(daemon, "systemd:1", { Volumes: { "/proc": {}, "/sys/fs/cgroup": {}, "/data": {} } });
  await loadShell(daemon, "linked:1", {}, [
    { path: "kernel", type: "symlink", target: "sys/kernel" },
    { path: "etc", type: "directory" },
    { path: "etc/mtab", type: "symlink", target: "elsewhere" },
  ]);
}

daemonSuite("mounts of a container", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  const run = (options: string[], script: string, image = "box:1") =>
    tbox("run", "--rm", "--network", "none", ...options, image, "sh", "-c", script);
  const start = (options: string[]) =>
    daemon.printed("run", "-d", "--network", "none", ...options, "box:1", "sleep", "1000");

  test("a bound device can be opened, also read-only and over a file", async () => {
    const script = "echo x >/w/.env; cat /w/.env; head -c 3 /zero | wc -c";
    const devices = ["-v", "/dev/null:/w/.env:ro", "--mount", "type=bind,src=/dev/zero,dst=/zero"];
    expect(await run(devices, script)).toEqual({ stdout: "3\n", stderr: "", code: 0 });
  });

  test.each([
    [["-v", "DIR/file:/data"], "a file cannot be mounted over the directory", "DIR/file", "/data"],
    [["-v", "DIR:/etc/passwd"], "a directory cannot be mounted over the file", "DIR", "/etc/passwd"],
    [["--mount", "type=bind,src=DIR,dst=/etc/passwd"], "a directory cannot be mounted", "DIR", "/etc/passwd"],
    [["-v", "kind:/etc/passwd"], "a directory cannot be mounted", "volume kind", "/etc/passwd"],
    [["--tmpfs", "/etc/passwd"], "a directory cannot be mounted", "tmpfs", "/etc/passwd"],
    [["--tmpfs", "/etc/passwd/x"], "a part of the target is not a directory", "tmpfs", "/etc/passwd/x"],
  ])("%j is refused with source, target and reason", async (options, reason, source, target) => {
    using files = temporaryDirectory("mounts");
    writeFileSync(`${files.path}/file`, "");
    const named = (text: string) => text.replace("DIR", files.path);
    const { stderr, code } = await run(options.map(named), "true");
    expect(stderr).toContain(reason);
    expect(stderr).toContain(`error mounting "${named(source)}" to rootfs at "${target}"`);
    expect(code).toBe(125);
  });

  test.each([
    [["-v", "kernel:/proc"], "/proc"],
    [["--tmpfs", "/proc/self"], "/proc"],
    [["-v", "DIR:/proc/sys/kernel"], "/proc"],
    [["-v", "DIR:/proc/nothing"], "/proc"],
    [["-v", "/proc/sys:/proc/sys"], "/proc"],
    [["-v", "kernel:/sys/fs/cgroup"], "/sys"],
    [["-v", "kernel:/sys"], "/sys"],
  ])("%j is refused, because it would falsify a kernel file", async (options, directory) => {
    using files = temporaryDirectory("mounts");
    const { stderr, code } = await run(
      options.map((text) => text.replace("DIR", files.path)),
      "true",
    );
    expect(stderr).toContain(`cannot be mounted because it is inside "${directory}"`);
    expect(code).toBe(125);
  });

  test("a volume of the image at /sys/fs/cgroup or /proc does not cover the kernel's files", async () => {
    const script =
      "grep -c ' /data ' /proc/mounts; stat -f -c %T /proc; grep -c ' /sys/fs/cgroup ' /proc/mounts";
    const { stdout, stderr, code } = await run([], script, "systemd:1");
    expect(stdout).toMatch(/^1\nproc\n[01]\n$/);
    expect(stderr).toContain("volume /sys/fs/cgroup has no effect: the kernel's files stay visible there");
    expect(code).toBe(stdout.endsWith("1\n") ? 0 : 1);
  });

  test("a volume through a link to /sys is refused", async () => {
    expect((await run(["-v", "kernel:/kernel"], "true", "linked:1")).stderr).toContain('inside "/sys"');
  });

  test("the host's own view may cover /sys/fs/cgroup, and LXCFS a file of /proc", async () => {
    using files = temporaryDirectory("mounts");
    writeFileSync(`${files.path}/uptime`, "1 2\n");
    const options = ["-v", `${files.path}/uptime:/proc/uptime`];
    if (existsSync("/sys/fs/cgroup")) options.push("-v", "/sys/fs/cgroup:/sys/fs/cgroup:ro");
    expect(await run(options, "cat /proc/uptime")).toEqual({ stdout: "1 2\n", stderr: "", code: 0 });
  });

  test("a new volume is filled with the image's files, not with those of another mount", async () => {
    using files = temporaryDirectory("mounts");
    mkdirSync(`${files.path}/sub`);
    writeFileSync(`${files.path}/sub/file`, "from the host");
    const options = ["-v", `${files.path}:/data`, "-v", "filled:/data/sub"];
    expect((await run(options, "cat /data/sub/file")).stdout).toBe("from the image");
    expect((await run(["-v", "etc:/etc"], "cat /etc/resolv.conf >/dev/null && ls /etc")).stderr).toBe("");
  });

  test.each([
    ["a volume", ["-v", "names:/etc"]],
    ["an anonymous volume", ["-v", "/etc"]],
    ["a tmpfs", ["--tmpfs", "/etc"]],
  ])("%s at /etc does not hide the container's names", async (_, options) => {
    const script = "cat /etc/hostname; grep -c one /etc/hosts; grep 9.9 /etc/resolv.conf";
    const settings = ["--hostname", "named", "--add-host", "one:10.1.1.1", "--dns", "9.9.9.9"];
    const { stdout } = await tbox("run", "--rm", ...settings, ...options, "box:1", "sh", "-c", script);
    expect(stdout).toBe("named\n1\nnameserver 9.9.9.9\n");
  });

  test("a mounted image shows its files, and changes are lost with the container", async () => {
    await loadShell(daemon, "files:1", {}, [{ path: "share/file", content: "of the image" }]);
    const mount = ["--mount", "type=image,source=files:1,target=/files", "--device", "/dev/null:/a"];
    const id = await start(mount);
    const exec = (script: string) => tbox("exec", id, "sh", "-c", script);
    expect(
      (await exec("cat /files/share/file; echo new > /files/share/file; echo >> /files/made")).stdout,
    ).toBe("of the image");
    await tbox("restart", "-t", "0", id);
    expect((await exec("cat /files/share/file; ls -d /files/made")).stdout).toBe("new\n/files/made\n");
    const shown = JSON.parse((await tbox("inspect", "-f", "{{json .Mounts}}", id)).stdout);
    expect(shown).toMatchObject([{ Type: "image", Source: "files:1", Destination: "/files", RW: true }]);
    const used = await tbox("rmi", "files:1");
    expect(used.stderr).toContain("is using");
    await tbox("kill", id);
    await tbox("wait", id);
    expect((await daemon.tbox(["cp", `${id}:/files/share/file`, "-"])).stdout).toContain("new\n");
    await tbox("rm", "-f", id);
    expect((await run(mount, "cat /files/share/file")).stdout).toBe("of the image");
  });

  test("a part of an image can be mounted read-only", async () => {
    const part = "type=image,source=box:1,target=/part,image-subpath=data/sub,readonly";
    const { stdout, stderr } = await run(["--mount", part], "cat /part/file; touch /part/new");
    expect(stdout).toBe("from the image");
    expect(stderr).toContain("Read-only file system");
    const file = "type=image,source=box:1,target=/etc/file,image-subpath=data/sub/file";
    expect((await run(["--mount", file], "cat /etc/file")).stdout).toBe("from the image");
    const missing = "type=image,source=box:1,target=/part,image-subpath=nosuch";
    expect((await run(["--mount", missing], "true")).stderr).toContain("nosuch: no such file or directory");
  });

  test("a missing image and options of other types are refused", async () => {
    const absent = await run(["--mount", "type=image,source=nosuch:1,target=/x"], "true");
    expect(absent.stderr).toContain("nosuch:1");
    expect(absent.code).toBe(125);
    const mixed = {
      Image: "box:1",
      Cmd: ["true"],
      HostConfig: { Mounts: [{ Type: "bind", Source: "/", Target: "/x", ImageOptions: { Subpath: "a" } }] },
    };
    const answer = await daemon.request("POST", "/containers/create", mixed);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("field ImageOptions must not be specified");
  });

  test("/dev/shm has the source shm", async () => {
    expect((await run([], "grep ' /dev/shm ' /proc/mounts")).stdout).toStartWith("shm /dev/shm tmpfs ");
  });

  test("has /.dockerenv and /etc/mtab, which no difference shows", async () => {
    const script = "test -f /.dockerenv && readlink /etc/mtab && grep -c ' / ' /etc/mtab";
    const id = await daemon.printed("run", "-d", "--network", "none", "box:1", "sh", "-c", script);
    await tbox("wait", id);
    expect((await tbox("logs", id)).stdout).toBe("/proc/mounts\n1\n");
    expect((await tbox("diff", id)).stdout).toBe("");
    await tbox("commit", id, "committed:1");
    const layers = (image: string) => tbox("inspect", "-f", "{{len .RootFS.Layers}}", image);
    expect((await layers("committed:1")).stdout).toBe((await layers("box:1")).stdout);
    await tbox("rm", id);
    expect((await run([], "readlink /etc/mtab", "linked:1")).stdout).toBe("elsewhere\n");
  });

  test("cp writes into writable mounts of a --read-only container, and nowhere else", async () => {
    using files = temporaryDirectory("mounts");
    const file = `${files.path}/file`;
    writeFileSync(file, "copied");
    const id = await start(["--read-only", "-v", "writable:/v", "--tmpfs", "/t", "-v", "fixed:/fixed:ro"]);
    for (const path of ["/v/file", "/t/file"]) {
      expect((await tbox("cp", file, `${id}:${path}`)).stderr).toBe("");
      expect((await tbox("exec", id, "cat", path)).stdout).toBe("copied");
    }
    expect((await tbox("cp", file, `${id}:/data/file`)).stderr).toContain(
      "container rootfs is marked read-only",
    );
    expect((await tbox("cp", file, `${id}:/fixed/x`)).stderr).toContain("mounted volume is marked read-only");
    await tbox("kill", id);
    expect((await tbox("cp", file, `${id}:/data/file`)).stderr).toContain(
      "container rootfs is marked read-only",
    );
    expect((await tbox("cp", file, `${id}:/v/later`)).stderr).toBe("");
    expect((await tbox("cp", `${id}:/v/later`, `${files.path}/out`)).stderr).toBe("");
    expect(readFileSync(`${files.path}/out`, "utf8")).toBe("copied");
    await tbox("rm", id);
  });
});

describe.skipIf(shellUnavailable !== undefined)("a bind with the propagation rslave", () => {
  test("receives mounts that the host makes later", async () => {
    using files = temporaryDirectory("propagation");
    using signals = temporaryDirectory("signals");
    // A mount namespace in which the user may mount, and a directory in it that passes mounts on.
    const own = ["unshare", "--user", "--map-current-user", "--mount", "--keep-caps", "sh", "-c"];
    const mounting = `mount -t tmpfs tmpfs $0 && mount --make-shared $0 && mkdir $0/sub || exit
      (until test -e $1/mount; do sleep 0.02; done; mount -t tmpfs later $0/sub; touch $1/mounted) &
      shift; exec "$@"`;
    const before = [...own, mounting, files.path, signals.path];
    await using daemon = await startDaemon({}, undefined, before);
    await prepare(daemon);
    const start = async (propagation: string) => {
      const bind = `${files.path}:/w:${propagation}`;
      return daemon.printed("run", "-d", "--network", "none", "-v", bind, "box:1", "sleep", "1000");
    };
    const [slave, separate] = [await start("rslave"), await start("rprivate")];
    writeFileSync(`${signals.path}/mount`, "");
    await until(() => existsSync(`${signals.path}/mounted`));
    const later = (id: string) => daemon.tbox(["exec", id, "grep", "-c", "^later /w/sub ", "/proc/mounts"]);
    expect((await later(slave)).stdout).toBe("1\n");
    expect((await later(separate)).stdout).toBe("0\n");
    await daemon.tbox(["rm", "-f", slave, separate]);
  });
});
