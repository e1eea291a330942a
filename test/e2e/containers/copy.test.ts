import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { posix } from "node:path";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { docker, dockerUnavailable } from "#test/support/docker.ts";
import { type TarEntry, tar, tarNames } from "#test/support/tar.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

if (shellUnavailable !== undefined) console.error(`skipped: ${shellUnavailable}`);

describe.skipIf(shellUnavailable !== undefined).each([
  ["that runs", true],
  ["that does not run", false],
])("cp with a container %s", (_, runs) => {
  let daemon: TestDaemon;
  let local: TemporaryDirectory;
  beforeAll(async () => {
    daemon = await startDaemon();
    await loadShell(daemon, "box:1", {}, [
      { path: "data/a", content: "A", mode: 0o640, mtime: 1_600_000_000 },
      { path: "data/sub/b", content: "B" },
      { path: "data/dot.", content: "dot" },
      { path: "data/link", type: "symlink", target: "a" },
      { path: "data/nowhere", type: "symlink", target: "gone" },
      { path: "data/pipe", type: "fifo" },
      { path: "data/out", type: "symlink", target: "/etc" },
      { path: `data/${"long".repeat(40)}`, content: "long" },
    ]);
  });
  beforeEach(async () => {
    local = temporaryDirectory("copy");
    await daemon.tbox(["rm", "-f", "box"]);
    const how = runs ? ["run", "-d"] : ["create"];
    await daemon.tbox([
      ...how,
      "--name",
      "box",
      "--network",
      "none",
      "-v",
      "vol:/vol",
      "box:1",
      "sleep",
      "1000",
    ]);
  });
  afterEach(() => local[Symbol.dispose]());
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
  });

  const cp = (...args: string[]) => daemon.tbox(["cp", ...args]);
  /** Starts the container if needed and returns the output of a command in it. */
  async function inside(script: string): Promise<string> {
    if (!runs) await daemon.tbox(["start", "box"]);
    return (await daemon.tbox(["exec", "box", "sh", "-c", script])).stdout;
  }

  test("copies a file out, renamed or not, with mode and time", async () => {
    expect(await cp("box:/data/a", local.path)).toEqual({ stdout: "", stderr: "", code: 0 });
    expect(readFileSync(`${local.path}/a`, "utf8")).toBe("A");
    await cp("box:data/a", `${local.path}/other`);
    const { mode, mtimeMs } = lstatSync(`${local.path}/other`);
    expect({ mode: mode & 0o777, mtimeMs }).toEqual({ mode: 0o640, mtimeMs: 1_600_000_000_000 });
  });

  test("copies a directory out, with links, or only its contents", async () => {
    await cp("box:/data", local.path);
    expect(readFileSync(`${local.path}/data/sub/b`, "utf8")).toBe("B");
    expect(readlinkSync(`${local.path}/data/link`)).toBe("a");
    expect(readFileSync(`${local.path}/data/${"long".repeat(40)}`, "utf8")).toBe("long");
    await cp("box:/data/.", `${local.path}/contents`);
    expect(readFileSync(`${local.path}/contents/a`, "utf8")).toBe("A");
    await cp("-L", "box:/data/link", `${local.path}/followed`);
    expect(readFileSync(`${local.path}/followed`, "utf8")).toBe("A");
    const dangling = await cp("-L", "box:/data/nowhere", `${local.path}/followed-to-nothing`);
    expect(dangling.stderr).toContain("Could not find the file /data/nowhere in container box");
    expect(dangling.code).toBe(1);
    expect(existsSync(`${local.path}/followed-to-nothing`)).toBe(false);
  });

  test("copies FIFOs out", async () => {
    expect(await cp("box:/data/pipe", local.path)).toEqual({ stdout: "", stderr: "", code: 0 });
    expect(lstatSync(`${local.path}/pipe`).isFIFO()).toBe(true);
  });

  test.each([
    ["/data/sub", ["sub/", "sub/b"]],
    ["/data/sub/", ["sub/", "sub/b"]],
    ["/data/sub/.", ["./", "./b"]],
    ["data/sub//.", ["./", "./b"]],
    ["/data/sub/../sub", ["sub/", "sub/b"]],
    ["/data/dot.", ["dot."]],
  ])("names entries in an archive of %s like Docker", async (path, names) => {
    const response = await daemon.request("GET", `/containers/box/archive?path=${path}`);
    expect(await tarNames(await response.bytes())).toEqual(names);
    const stat = JSON.parse(atob(response.headers.get("X-Docker-Container-Path-Stat") ?? ""));
    expect(stat.name).toBe(posix.normalize(names[0] ?? "").replace(/(?<=.)\/$/, ""));
  });

  test.skipIf(dockerUnavailable !== undefined)(
    "serves the docker CLI, with an existing or new target directory",
    async () => {
      mkdirSync(`${local.path}/there`);
      for (const target of ["there", "new"]) {
        const { stderr } = await docker(daemon.socket, [
          "cp",
          "-q",
          "box:/data/sub/.",
          `${local.path}/${target}`,
        ]);
        expect(stderr).toBe("");
        expect(readdirSync(`${local.path}/${target}`)).toEqual(["b"]);
      }
    },
  );

  test("copies files and directories in by Docker's rules for the target", async () => {
    mkdirSync(`${local.path}/d/sub`, { recursive: true });
    writeFileSync(`${local.path}/d/x`, "X");
    writeFileSync(`${local.path}/d/sub/y`, "Y".repeat(300_000));
    symlinkSync("x", `${local.path}/d/l`);
    expect((await cp(`${local.path}/d`, "box:/tmp")).stderr).toBe("");
    expect((await cp(`${local.path}/d`, "box:/tmp/new")).stderr).toBe("");
    expect((await cp(`${local.path}/d/.`, "box:/vol")).stderr).toBe("");
    expect((await cp(`${local.path}/d/x`, "box:/data/a")).stderr).toBe("");
    const script = "cat /tmp/d/x /tmp/new/l /vol/x /data/a; wc -c < /vol/sub/y; stat -c %u:%g /tmp/d/x";
    expect(await inside(script)).toBe("XXXX300000\n0:0\n");
  });

  test.each([
    [["box:/nope", "."], "Could not find the file /nope in container box"],
    [["nobox:/a", "."], "No such container: nobox"],
    [["/nope", "box:/tmp"], "no such file or directory"],
    [["/etc", "box:/data/a"], "cannot copy directory"],
    [["/etc/hostname", "box:/no/such/"], "no such directory"],
    [["/etc/hostname", "box:/no/such"], "Could not find the file /no in container box"],
    [["a", "b"], "must specify at least one container source"],
    [["box:/a", "box:/b"], "copying between containers is not supported"],
  ])("%j is refused", async (args, message) => {
    const { stderr, code } = await cp(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  test("reads and writes tar archives", async () => {
    const archive = tar([
      { path: "t/one", content: "1" },
      { path: "t/.wh.kept", content: "no mark of deletion here" },
    ]);
    expect((await daemon.tbox(["cp", "-", "box:/tmp"], { stdin: archive })).stderr).toBe("");
    const { stdout } = await cp("box:/tmp/t", "-");
    expect(stdout).toContain("t/one");
    expect((await cp("box:/tmp/t/.", "-")).stdout).toStartWith("./\0");
    expect(await inside("cat /tmp/t/one /tmp/t/.wh.kept")).toBe("1no mark of deletion here");
  });

  const hostile: [string, TarEntry[]][] = [
    ["a name that leads up", [{ path: "../../../escaped", content: "x" }]],
    [
      "a link that leads out",
      [
        { path: "l", type: "symlink", target: "/" },
        { path: "l/escaped", content: "x" },
      ],
    ],
    ["a link of the image", [{ path: "out/escaped", content: "x" }]],
    ["a hard link to the host", [{ path: "h", type: "hardlink", target: "../../etc/hostname" }]],
  ];
  test.each(hostile)("keeps %s inside the container", async (_name, entries) => {
    await daemon.tbox(["cp", "-", "box:/data"], { stdin: tar(entries) });
    for (const path of ["/escaped", "/etc/escaped", `${daemon.data}/escaped`])
      expect(existsSync(path)).toBe(false);
  });

  test("follows links inside the container, never to the host", async () => {
    await cp("box:/data/out/passwd", `${local.path}/passwd`);
    expect(readFileSync(`${local.path}/passwd`, "utf8")).toContain("user:x:1000");
    writeFileSync(`${local.path}/f`, "mine");
    await cp(`${local.path}/f`, "box:/data/out/mine");
    expect(existsSync("/etc/mine")).toBe(false);
    expect(await inside("cat /etc/mine")).toBe("mine");
  });

  test("exports the whole root file system", async () => {
    const exported = await daemon.tbox(["export", "-o", `${local.path}/all.tar`, "box"]);
    expect(exported).toEqual({ stdout: "", stderr: "", code: 0 });
    const listed = Bun.spawnSync(["tar", "-tf", `${local.path}/all.tar`])
      .stdout.toString()
      .split("\n");
    expect(listed).toContain("data/a");
    expect(listed).toContain("bin/busybox");
    expect(listed.filter((name) => name.startsWith("proc/"))).toEqual(["proc/"]);
    rmSync(`${local.path}/all.tar`);
  });

  test("exports the image's files below a volume, of a stopped and of a running container", async () => {
    const exported = async (name: string) => {
      await daemon.printed("export", "-o", `${local.path}/below.tar`, name);
      const listed = Bun.spawnSync(["tar", "-tf", `${local.path}/below.tar`])
        .stdout.toString()
        .split("\n");
      rmSync(`${local.path}/below.tar`);
      return listed;
    };
    await daemon.printed(
      "create",
      "--name",
      "covered",
      "--network",
      "none",
      "-v",
      "/bin",
      "box:1",
      "sleep",
      "60",
    );
    expect(await exported("covered")).toContain("bin/busybox");
    await daemon.printed("start", "covered");
    expect(await exported("covered")).toContain("bin/busybox");
    await daemon.printed("rm", "-f", "-v", "covered");
  });
});
