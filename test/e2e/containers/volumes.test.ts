import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { hasRanges } from "#test/support/user.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [
    { path: "data", type: "directory", mode: 0o750, ...(hasRanges ? { uid: 1000, gid: 1000 } : {}) },
    { path: "data/file", content: "from the image", mode: 0o640, mtime: 1_600_000_000 },
    { path: "data/again", type: "hardlink", target: "data/file" },
    { path: "data/link", type: "symlink", target: "file" },
    { path: "data/sub", type: "directory" },
    { path: "data/sub/pipe", type: "fifo" },
  ]);
  await loadShell(daemon, "declares:1", { Volumes: { "/data": {} } }, [
    { path: "data", type: "directory" },
    { path: "data/x", content: "declared" },
  ]);
}

daemonSuite("volumes", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  const sh = async (options: string[], script: string, image = "box:1") => {
    const { stdout, stderr } = await tbox(
      "run",
      "--rm",
      "--network",
      "none",
      ...options,
      image,
      "sh",
      "-c",
      script,
    );
    return stdout + stderr;
  };
  const names = async (...options: string[]) => (await tbox("volume", "ls", "-q", ...options)).stdout;

  test("of an unknown driver are refused, and not as a missing image", async () => {
    const response = await daemon.request("POST", "/containers/create", {
      Image: "box:1",
      Cmd: ["true"],
      HostConfig: { Binds: ["v:/v"], VolumeDriver: "nope" },
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      { message: 'error looking up volume plugin nope: plugin "nope" not found' },
    ]);
  });

  test("keep files between containers", async () => {
    expect(await sh(["-v", "kept:/k"], "echo one > /k/a")).toBe("");
    expect(await sh(["-v", "kept:/elsewhere:ro"], "cat /elsewhere/a; touch /elsewhere/b")).toContain("one\n");
    expect(await sh(["-v", "kept:/k:ro"], "touch /k/b")).toContain("Read-only file system");
    expect(await names()).toBe("kept\n");
    expect((await tbox("volume", "rm", "kept")).stdout).toBe("kept\n");
  });

  test("are filled once from the image, with owners, modes and links", async () => {
    const list =
      "cd /data && stat -c '%n %u %a %h %Y' . file; readlink link; test -p sub/pipe && echo pipe; cat again";
    const owner = hasRanges ? "1000" : "0";
    const first = await sh(["-v", "filled:/data"], list);
    const [directory, ...rest] = first.split("\n");
    expect(directory).toStartWith(`. ${owner} 750 3 `);
    expect(rest).toEqual([`file 0 640 2 1600000000`, "file", "pipe", "from the image"]);
    await sh(["-v", "filled:/data"], "echo changed > /data/file; rm /data/link");
    expect(await sh(["-v", "filled:/data"], "cat /data/again; ls /data/link")).toContain("changed\n");
    expect(await sh(["-v", "bare:/data:nocopy"], "ls /data")).toBe("");
    expect(await sh(["--mount", "type=volume,source=bare2,target=/data,volume-nocopy"], "ls /data")).toBe("");
    expect(await sh(["-v", "bare3:/nothing"], "ls /nothing")).toBe("");
    await tbox("volume", "rm", "filled", "bare", "bare2", "bare3");
  });

  test("declared by an image are removed with a --rm container", async () => {
    expect(await sh([], "cat /data/x; mount | grep -c ' /data '", "declares:1")).toBe("declared1\n");
    expect(await names()).toBe("");
    await tbox("create", "--name", "holder", "declares:1", "true");
    expect(await names()).toMatch(/^[0-9a-f]{64}\n$/);
    await tbox("rm", "holder");
    expect(await names("-f", "dangling=true")).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await tbox("volume", "prune", "-f")).stdout).toMatch(/Deleted Volumes:\n[0-9a-f]{64}\n/);
    await tbox("create", "--name", "holder", "-v", "/more", "box:1", "true");
    expect((await tbox("rm", "-v", "holder")).code).toBe(0);
    expect(await names()).toBe("");
  });

  test("in use are not removed, and the error names the container", async () => {
    await tbox("volume", "create", "--label", "a=b", "used");
    await tbox("create", "--name", "user", "-v", "used:/u:ro", "box:1", "true");
    expect((await tbox("volume", "rm", "used")).stderr).toContain("volume is in use");
    expect((await tbox("volume", "prune", "-af")).stdout).toBe("Total reclaimed space: 0B\n");
    const mount = JSON.parse((await tbox("inspect", "-f", "{{json (index .Mounts 0)}}", "user")).stdout);
    expect(mount).toMatchObject({ Type: "volume", Name: "used", Destination: "/u", RW: false });
    expect(mount.Source).toBe(`${daemon.data}/volumes/used/_data`);
    expect(await names("-f", "label=a=b")).toBe("used\n");
    await tbox("rm", "user");
    expect((await tbox("volume", "prune", "-af")).stdout).toContain("used\n");
  });

  test("are shared with --volumes-from", async () => {
    await tbox(
      "create",
      "--name",
      "source",
      "-v",
      "shared:/s",
      "-v",
      `${daemon.data}:/bind:ro`,
      "box:1",
      "true",
    );
    const seen = await sh(["--volumes-from", "source:ro"], "touch /s/x; ls -d /bind/oci-layout");
    expect(seen).toContain("Read-only file system");
    expect(seen).toContain("/bind/oci-layout\n");
    await tbox("rm", "source");
    await tbox("volume", "rm", "shared");
  });

  test("without a name are removed with their container", async () => {
    const created = await daemon.request("POST", "/volumes/create", {});
    const { Name: name } = (await created.json()) as { Name: string };
    const pruned = await daemon.request("POST", "/volumes/prune");
    expect(((await pruned.json()) as { VolumesDeleted: string[] }).VolumesDeleted).toContain(name);
  });

  test("with names like paths are refused", async () => {
    const { stderr, code } = await tbox("volume", "create", "../up");
    expect(stderr).toContain("includes invalid characters for a local volume name");
    expect(code).toBe(1);
    expect((await tbox("volume", "rm", "nosuch")).stderr).toContain("get nosuch: no such volume");
    expect((await tbox("volume", "rm", "-f", "nosuch")).code).toBe(0);
  });

  test("of type tmpfs are in memory, and belong to one running container at a time", async () => {
    const options = ["type=tmpfs", "device=tmpfs", "o=size=1m,uid=7,mode=700"].flatMap((text) => [
      "--opt",
      text,
    ]);
    expect((await tbox("volume", "create", ...options, "memory")).stdout).toBe("memory\n");
    const look = "grep ' /m ' /proc/mounts | cut -d' ' -f1,3; stat -c '%u %a' /m; ls /m; touch /m/a";
    const run = (name: string) =>
      tbox("run", "-d", "--name", name, "--network", "none", "-v", "memory:/m", "box:1", "sleep", "1000");
    for (const _ of ["first", "second"]) {
      expect(await sh(["-v", "memory:/m"], look)).toBe("tmpfs tmpfs\n7 700\n");
    }
    expect((await run("holder")).code).toBe(0);
    expect(await sh(["-v", "memory:/m"], "true")).toContain("volume memory is a tmpfs, and container holder");
    expect((await tbox("exec", "holder", "df", "-k", "/m")).stdout).toContain(" 1024 ");
    await tbox("rm", "-f", "holder");
    expect(await sh(["-v", "memory:/m", "-v", "memory:/n"], "true")).toContain("can be mounted only once");
    expect(await sh(["-v", "memory:/m"], "echo again")).toBe("again\n");
    expect((await tbox("volume", "rm", "memory")).code).toBe(0);
  });

  test("are served by the API", async () => {
    const created = await daemon.request("POST", "/volumes/create", {
      Name: "api",
      Driver: "local",
      DriverOpts: {},
    });
    expect(created.status).toBe(201);
    const { Volumes: volumes } = (await (await daemon.request("GET", "/volumes")).json()) as {
      Volumes: object[];
    };
    expect(volumes).toMatchObject([{ Name: "api", Driver: "local", Scope: "local" }]);
    expect((await daemon.request("DELETE", "/volumes/api")).status).toBe(204);
    expect((await daemon.request("GET", "/volumes/api")).status).toBe(404);
  });
});
