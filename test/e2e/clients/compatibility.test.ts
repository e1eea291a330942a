import { afterEach, expect, test } from "bun:test";
import { mkdirSync, rmSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { startRegistry } from "#test/support/registry.ts";
import { tar, tarNames } from "#test/support/tar.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("compatibility with Docker", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  afterEach(async () => {
    const all = (await daemon.tbox(["ps", "-aq"])).stdout.split("\n").filter((id) => id !== "");
    if (all.length > 0) await daemon.tbox(["rm", "-f", "-v", ...all]);
  });

  const tbox = (...args: string[]) => daemon.tbox(args);
  const start = (name: string, ...options: string[]) =>
    tbox("run", "-d", "--network", "none", "--name", name, ...options, "box:1", "sleep", "1000");
  const sh = (options: string[], script: string) =>
    tbox("run", "--rm", "--network", "none", ...options, "box:1", "sh", "-c", script);
  const past = async (...filters: string[]) => {
    const until = String((Date.now() + 1) / 1000);
    const { stdout } = await tbox("events", "--until", until, ...filters, "--format", "{{.Action}}");
    return stdout.trim().split("\n");
  };

  test("events --until now lists past events and ends", async () => {
    await start("told");
    await tbox("cp", "told:/etc/passwd", "-");
    await tbox("stop", "-t", "0", "told");
    const actions = await past("--filter", "container=told");
    expect(actions).toEqual(["create", "start", "archive-path", "die", "stop"]);
    const later = String(Date.now() / 1000 + 1000);
    expect((await tbox("events", "--since", later, "--until", "1")).stderr).toContain("cannot be after");
  });

  test("events report when a volume is mounted and unmounted", async () => {
    await start("user", "-v", "told:/v");
    await tbox("rm", "-f", "user");
    await tbox("volume", "rm", "told");
    expect(await past("--filter", "volume=told")).toEqual(["create", "mount", "unmount", "destroy"]);
  });

  test("info says that no swarm is active, which security benchmarks look for", async () => {
    expect(await daemon.printed("info")).toContain("\nSwarm: inactive\n");
  });

  test("names in an export have no leading slash", async () => {
    await tbox("run", "--name", "made", "--network", "none", "box:1", "touch", "/here");
    const response = await daemon.request("GET", "/containers/made/export");
    const names = await tarNames(await response.bytes());
    expect(names).toContain("here");
    expect(names).toContain("etc/passwd");
    const copied = await daemon.request("GET", "/containers/made/archive?path=/");
    expect(await tarNames(await copied.bytes())).toContain("/here");
  });

  test("diff of an unchanged container is empty", async () => {
    await tbox("create", "--name", "same", "box:1", "true");
    const response = await daemon.request("GET", "/containers/same/changes");
    expect(await response.json()).toBeNull();
  });

  test("only a privileged container has all capabilities and unmasked paths", async () => {
    const script =
      "mount -t tmpfs none /mnt 2>/dev/null && echo mounted; grep -E 'CapEff|Seccomp:' /proc/self/status";
    await tbox("run", "--rm", "box:1", "true");
    const plain = (await sh([], `mkdir -p /mnt; ${script}`)).stdout;
    expect(plain).not.toContain("mounted");
    expect(plain).toContain("Seccomp:\t2");
    const privileged = (await sh(["--privileged"], `mkdir -p /mnt; ${script}`)).stdout;
    expect(privileged).toContain("mounted");
    expect(privileged).toContain("Seccomp:\t0");
    expect(privileged).toContain("CapEff:\t000001ffffffffff");
    await start("both");
    const exec = await tbox("exec", "--privileged", "both", "grep", "CapEff", "/proc/self/status");
    expect(exec.stdout).toContain("000001ffffffffff");
    expect((await tbox("exec", "both", "grep", "CapEff", "/proc/self/status")).stdout).not.toContain(
      "1ffffffffff",
    );
  });

  test("/etc/hosts and its siblings are read-only with --read-only", async () => {
    expect((await sh(["--read-only"], "echo x >> /etc/hosts")).stderr).toContain("Read-only file system");
    expect((await sh([], "echo x >> /etc/hosts && tail -n 1 /etc/hosts")).stdout).toBe("x\n");
  });

  test("mounts show their types, and an empty HOME is replaced", async () => {
    const { stdout } = await sh(["--tmpfs", "/t", "-e", "HOME="], "mount; env");
    expect(stdout).toContain("tmpfs on /t type tmpfs");
    expect(stdout).not.toMatch(/^none on /m);
    expect(stdout).toContain("HOME=/root\n");
  });

  test("--volumes-from keeps the type of mounts, and the last one wins", async () => {
    await start("first", "-v", "/shared");
    await start("second", "-v", "/shared");
    await start("heir", "--volumes-from", "first", "--volumes-from", "second");
    const volume = async (name: string) =>
      (await tbox("inspect", "-f", "{{(index .Mounts 0).Name}}", name)).stdout.trim();
    const kept = await volume("second");
    expect(await volume("heir")).toBe(kept);
    await tbox("rm", "-f", "second");
    await tbox("rm", "-f", "-v", "heir");
    expect((await tbox("volume", "inspect", kept)).stderr).toContain("no such volume");
    const refused = await start("odd", "--volumes-from", "first:copy");
    expect(refused.stderr).toContain("invalid mode: copy");
    expect((await start("odd", "-v", "named:/x:copy")).stderr).toContain("invalid mode: copy");
  });

  test("a volume with type=none,o=bind is a directory of the host", async () => {
    const device = `${daemon.data}/../host`;
    mkdirSync(device);
    const options = ["--opt", "type=none", "--opt", "o=bind", "--opt", `device=${device}`];
    expect((await tbox("volume", "create", ...options, "bound")).stdout).toBe("bound\n");
    await sh(["-v", "bound:/b"], "echo there > /b/file");
    expect(await Bun.file(`${device}/file`).text()).toBe("there\n");
    expect((await tbox("volume", "create", "--opt", "type=none", "other")).stderr).toContain(
      "required option",
    );
    expect((await tbox("volume", "create", "--opt", "nope=1", "other")).stderr).toContain(
      'invalid option: "nope"',
    );
    const nfs = ["--opt", "type=nfs", "--opt", "device=:/x"];
    expect((await tbox("volume", "create", ...nfs, "other")).stderr).toContain("only root can mount it");
    await tbox("volume", "rm", "bound");
    expect(await Bun.file(`${device}/file`).exists()).toBe(true);
  });

  test("a volume whose directory was deleted can be removed", async () => {
    await tbox("volume", "create", "lost");
    rmSync(`${daemon.data}/volumes/lost`, { recursive: true });
    expect((await tbox("volume", "rm", "lost")).code).toBe(0);
    expect((await tbox("volume", "ls", "-q")).stdout).not.toContain("lost");
  });

  test("ps shows the image's ID when its name has moved to another image", async () => {
    await tbox("tag", "box:1", "moving:1");
    await tbox("run", "-d", "--network", "none", "--name", "old", "moving:1", "sleep", "1000");
    const image = async () => (await tbox("ps", "--no-trunc", "--format", "{{.Image}}")).stdout.trim();
    expect(await image()).toBe("moving:1");
    await tbox("commit", "old", "derived:1");
    await tbox("tag", "derived:1", "moving:1");
    expect(await image()).toMatch(/^sha256:/);
    await tbox("run", "-d", "--network", "none", "--name", "child", "derived:1", "sleep", "1000");
    const children = await tbox("ps", "--filter", "ancestor=box:1", "--format", "{{.Names}}");
    expect(children.stdout.trim().split("\n").sort()).toEqual(["child", "old"]);
  });

  test("settings are refused with Docker's messages, or normalised as in Docker", async () => {
    await tbox("create", "--rm", "--name", "fleeting", "-w", "/tmp//x/", "box:1", "true");
    expect((await tbox("inspect", "-f", "{{.Config.WorkingDir}}", "fleeting")).stdout).toBe("/tmp/x\n");
    expect((await tbox("update", "--restart", "always", "fleeting")).stderr).toContain(
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
    );
    await tbox("rm", "fleeting");
    const message = async (method: string, path: string, body?: object) => {
      const response = await daemon.request(method, path, body);
      return { status: response.status, ...((await response.json()) as { message: string }) };
    };
    const Mounts = [{ Type: "volume", Target: "/v", VolumeOptions: { DriverConfig: { Name: "none-such" } } }];
    const cases: [string, object | undefined, number, string][] = [
      ["/containers/create", { Image: "box:sha256:abc" }, 400, "invalid reference format"],
      [
        "/containers/create",
        { Image: "box:1", Cmd: ["true"], HostConfig: { Mounts } },
        400,
        'plugin "none-such" not found',
      ],
      ["/images/box:1/tag?repo=sha256&tag=1", undefined, 400, "ambiguous tag using digest algorithm"],
      ["/containers/any/resize?w=5", undefined, 400, 'invalid resize height "": invalid syntax'],
      ["/containers/any/resize?h=1&w=-5", undefined, 400, 'invalid resize width "-5": value out of range'],
      ["/images/create?fromSrc=-&platform=macos", {}, 400, "operating system is not supported"],
    ];
    for (const [path, body, status, text] of cases) {
      const found = await message("POST", path, body);
      expect({ path, ...found }).toEqual({ path, status, message: expect.stringContaining(text) });
    }
  });

  test("clients of API 1.41 prune named volumes too", async () => {
    await tbox("volume", "create", "named");
    const prune = async (path: string) =>
      ((await (await daemon.request("POST", path)).json()) as { VolumesDeleted: string[] | null })
        .VolumesDeleted ?? [];
    expect(await prune("/v1.51/volumes/prune")).not.toContain("named");
    expect(await prune("/v1.41/volumes/prune")).toContain("named");
  });

  test("the content of the root can be requested with a dot and a slash", async () => {
    await tbox("create", "--name", "copied", "box:1", "true");
    const archive = async (path: string) => {
      const response = await daemon.request("GET", `/containers/copied/archive?path=${path}`);
      return Bun.hash(await response.arrayBuffer());
    };
    const content = await archive("/.");
    for (const path of [".", "./", "/./"]) expect(await archive(path)).toBe(content);
    expect(await archive("/")).not.toBe(content);
    await tbox("rm", "copied");
  });

  test("the log driver local is shown and read", async () => {
    await tbox(
      "run",
      "--name",
      "logged",
      "--log-driver",
      "local",
      "--network",
      "none",
      "box:1",
      "echo",
      "kept",
    );
    expect((await tbox("inspect", "-f", "{{.HostConfig.LogConfig.Type}}", "logged")).stdout).toBe("local\n");
    expect((await tbox("logs", "logged")).stdout).toBe("kept\n");
    await tbox("rm", "logged");
  });

  test("ps finds containers of an image that adds only metadata to its ancestor", async () => {
    const built = await daemon.tbox(["build", "-t", "labelled:1", "-"], { stdin: "FROM box:1\nLABEL a=b\n" });
    expect(built.code).toBe(0);
    await tbox("create", "--name", "labelled", "labelled:1", "true");
    const found = await tbox("ps", "-a", "--filter", "ancestor=box:1", "--format", "{{.Names}}");
    expect(found.stdout.split("\n")).toContain("labelled");
    await tbox("rm", "labelled");
  });

  test("execs are forgotten when their container ends", async () => {
    await start("host");
    const created = await daemon.request("POST", "/containers/host/exec", { Cmd: ["true"] });
    const { Id } = (await created.json()) as { Id: string };
    await tbox("restart", "-t", "0", "host");
    expect((await daemon.request("POST", `/exec/${Id}/start`, {})).status).toBe(404);
  });

  test("a context with files of mode 000 is built", async () => {
    const body = tar([
      { path: "Dockerfile", content: "FROM box:1\nCOPY dir /dir/\n", mode: 0 },
      { path: "dir/./file", content: "x", mode: 0 },
    ]);
    const url = "http://docker/build?t=unreadable:1";
    const response = await fetch(url, { unix: daemon.socket, method: "POST", body });
    expect(await response.text()).toContain("Successfully built");
    const { stdout } = await tbox(
      "run",
      "--rm",
      "--network",
      "none",
      "unreadable:1",
      "stat",
      "-c",
      "%a",
      "/dir/file",
    );
    expect(stdout).toBe("0\n");
  });

  test("pull -a pulls every tag of a repository", async () => {
    await using registry = await startRegistry();
    for (const tag of ["a", "b"]) {
      await tbox("tag", "box:1", `${registry.host}/many:${tag}`);
      await tbox("push", "-q", `${registry.host}/many:${tag}`);
      await tbox("rmi", `${registry.host}/many:${tag}`);
    }
    const { stdout, stderr, code } = await tbox("pull", "-a", `${registry.host}/many`);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    expect(stdout).toEndWith(`${registry.host}/many\n`);
    const tags = await tbox("images", `${registry.host}/many`, "--format", "{{.Tag}}");
    expect(tags.stdout.trim().split("\n").sort()).toEqual(["a", "b"]);
  });

  test("a root file system is imported from a URL", async () => {
    await tbox("create", "--name", "source", "box:1", "true");
    const archive = await (await daemon.request("GET", "/containers/source/export")).bytes();
    await using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(archive) });
    const url = `http://127.0.0.1:${server.port}/root.tar`;
    const { stdout, stderr } = await tbox("import", "-m", "from afar", url, "imported:1");
    expect({ stderr, id: stdout.slice(0, 7) }).toEqual({ stderr: "", id: "sha256:" });
    expect((await tbox("history", "--format", "{{.Comment}}", "imported:1")).stdout).toBe("from afar\n");
    const gone = await tbox("import", `http://127.0.0.1:${server.port}1/`, "imported:2");
    expect(gone.code).toBe(1);
  });
});
