import { afterAll, beforeAll, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { printed } from "#test/support/program.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { repository } from "#test/support/repository.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { hasRanges, programUnavailable } from "#test/support/user.ts";

const missing = ["debootstrap", "skopeo", "umoci"].find((name) => !Bun.which(name));
const unavailable =
  programUnavailable ??
  registryUnavailable ??
  (missing === undefined ? undefined : `${missing} is not installed`) ??
  (hasRanges ? undefined : "debootstrap needs subordinate ids");
/** Time limit: debootstrap takes half a minute, and depends on a mirror. */
const patience = 600_000;

daemonSuite("a debootstrap Debian in a registry", { obstacle: unavailable }, (daemon) => {
  const opened = new AsyncDisposableStack();
  let directory: TemporaryDirectory;
  let registry: TestRegistry;
  let image: string;
  beforeAll(async () => {
    directory = opened.use(temporaryDirectory("debian"));
    registry = opened.use(await startRegistry());
    const tar = `${directory.path}/debian.tar`;
    await succeed([`${repository}/rootfs-fixtures/debian`, tar]);
    image = `${registry.host}/debian:latest`;
    await push(tar);
  }, patience);
  afterAll(() => opened.disposeAsync());

  function succeed(command: string[]): Promise<string> {
    const environment = { PATH: process.env.PATH ?? "", HOME: directory.path, TMPDIR: directory.path };
    return printed(command, { environment, cwd: directory.path });
  }

  /** Makes the layer with umoci and pushes it with skopeo. */
  async function push(tar: string): Promise<void> {
    const layout = `${directory.path}/layout`;
    await succeed(["umoci", "init", "--layout", layout]);
    await succeed(["umoci", "new", "--image", `${layout}:debian`]);
    await succeed(["umoci", "raw", "add-layer", "--image", `${layout}:debian`, tar]);
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    await succeed([
      "umoci",
      "config",
      "--image",
      `${layout}:debian`,
      "--config.env",
      path,
      "--config.cmd",
      "bash",
    ]);
    await succeed(["skopeo", "copy", "--dest-tls-verify=false", `oci:${layout}:debian`, `docker://${image}`]);
  }

  test("is pulled and run with one command", async () => {
    const { stdout, stderr, code } = await daemon.tbox(["run", "--rm", image, "cat", "/etc/os-release"]);
    expect(stdout).toContain("ID=debian");
    expect(stderr).toContain(`Status: Downloaded newer image for ${image}`);
    expect(code).toBe(0);
    // The image is present now, so nothing is pulled.
    expect((await daemon.tbox(["run", "--rm", image, "bash", "-c", "exit 3"])).code).toBe(3);
  });

  test("installs packages and creates users", async () => {
    const script =
      "dpkg -l | grep -c ^ii; id -un; su -s /bin/sh nobody -c 'id -u'; stat -c %U /var/mail /var/local";
    const { stdout, stderr } = await daemon.tbox(["run", "--rm", image, "sh", "-c", script]);
    expect(stderr).toBe("");
    const [packages = "", ...rest] = stdout.trim().split("\n");
    expect(Number(packages)).toBeGreaterThan(50);
    expect(rest).toEqual(["root", "65534", "root", "root"]);
  });

  test("is stored in a layout that skopeo and umoci read", async () => {
    const inspected = await succeed(["skopeo", "inspect", `oci:${daemon.data}:${image}`]);
    const { Layers: layers } = JSON.parse(inspected);
    expect(layers).toHaveLength(1);
    const copy = `${directory.path}/copy`;
    await succeed(["skopeo", "copy", `oci:${daemon.data}:${image}`, `oci:${copy}:debian`]);
    expect(await succeed(["umoci", "ls", "--layout", copy])).toBe("debian\n");
  });

  test("has only files of the user and of its id range", async () => {
    const own = process.getuid?.() ?? -1;
    const allowed = [[own, own + 1], ...rangesOf("/etc/subuid")];
    const groups = [[process.getgid?.() ?? -1, (process.getgid?.() ?? -1) + 1], ...rangesOf("/etc/subgid")];
    const isOf = (ranges: number[][], id: number) =>
      ranges.some(([first = 0, end = 0]) => id >= first && id < end);
    const found = { uids: new Set<number>(), gids: new Set<number>() };
    const visit = (path: string): void => {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        const below = `${path}/${entry.name}`;
        const { uid, gid } = lstatSync(below);
        found.uids.add(uid);
        found.gids.add(gid);
        if (entry.isDirectory()) visitReadable(below);
      }
    };
    const visitReadable = (path: string): void => {
      try {
        visit(path);
      } catch {
        // A private directory of another id cannot be entered; its owner was checked.
      }
    };
    visit(`${daemon.data}/layers`);
    expect(found.gids.size).toBeGreaterThan(1);
    expect([...found.uids].filter((uid) => !isOf(allowed, uid))).toEqual([]);
    expect([...found.gids].filter((gid) => !isOf(groups, gid))).toEqual([]);
    const { stdout } = await daemon.tbox(["run", "--rm", image, "cat", "/proc/self/uid_map"]);
    for (const line of stdout.trim().split("\n")) {
      const [, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
      const inside = allowed.some(([first = 0, end = 0]) => outside >= first && outside + count <= end);
      expect(inside).toBe(true);
    }
  });

  test("is loaded from skopeo's archives, with its names", async () => {
    for (const kind of ["docker-archive", "oci-archive"]) {
      const archive = `${directory.path}/${kind}.tar`;
      await succeed([
        "skopeo",
        "copy",
        `oci:${directory.path}/layout:debian`,
        `${kind}:${archive}:copied:${kind}`,
      ]);
      const { stdout, code } = await daemon.tbox(["load", "-i", archive]);
      expect(stdout).toContain(`Loaded image: copied:${kind}`);
      expect(code).toBe(0);
    }
    const { stdout } = await daemon.tbox(["run", "--rm", "copied:oci-archive", "cat", "/etc/hostname"]);
    expect(stdout).toMatch(/^[0-9a-f]{12}\n$/);
  });
});

/** Returns the first id of the range and the one after its last. */
function rangesOf(file: string): [number, number][] {
  const passwd = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const name = passwd.find((fields) => fields[2] === String(process.getuid?.()))?.[0];
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  return lines
    .filter(([owner]) => owner === name)
    .map(([, first, count]) => [Number(first), Number(first) + Number(count)]);
}
