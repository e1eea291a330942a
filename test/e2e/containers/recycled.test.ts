import { expect, test } from "bun:test";
import { existsSync, fstatSync, openSync, statSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** Prints what a container finds, apart from its own name. */
const show =
  "ls -A / /etc /tmp; stat -c '%a %u %g' / /etc/hosts; sed s/$HOSTNAME/NAME/ /etc/hosts; cat /etc/resolv.conf";

/** Leaves files, changed permissions and changed names behind. */
const leave =
  "echo left >/left; echo left >>/etc/hosts; chmod 700 /; mkdir -p /tmp/a/b; echo output; exec sleep 100000";

function inodeOf({ data }: TestDaemon, id: string, name = ""): number {
  return statSync(`${data}/containers/${id}/${name}`).ino;
}

/** Opens a file, so that no other file gets its inode. */
function holdInode({ data }: TestDaemon, id: string, name: string): number {
  return fstatSync(openSync(`${data}/containers/${id}/${name}`, "r")).ino;
}

interface Used {
  directory: number;
  upper: number;
  hosts: number;
}

/** Runs a container with --rm, ends it after its output and `meanwhile`, and waits until its directory is emptied. */
async function use(
  daemon: TestDaemon,
  words: string[],
  meanwhile?: (id: string) => Promise<unknown>,
): Promise<Used> {
  const id = await daemon.printed("run", "-d", "--rm", "--network", "none", ...words);
  await until(async () => (await daemon.printed("logs", id)).includes("output"));
  await meanwhile?.(id);
  const found = {
    directory: inodeOf(daemon, id),
    upper: holdInode(daemon, id, "upper"),
    hosts: holdInode(daemon, id, "hosts"),
  };
  await daemon.printed("rm", "-f", id);
  await until(() => existsSync(`${daemon.data}/containers/.ready-${id}`));
  return found;
}

/** Creates containers until one has the directory; returns its ID. */
async function createIn(daemon: TestDaemon, directory: number, script: string): Promise<string> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const id = await daemon.printed("create", "--network", "none", "box:1", "sh", "-c", script);
    if (inodeOf(daemon, id) === directory) return id;
  }
  throw new Error("no container got the directory");
}

daemonSuite(
  "the directory of a removed container",
  { obstacle: shellUnavailable, prepare: loadBox },
  (daemon) => {
    test("serves another container, which finds nothing of the first", async () => {
      const expected = await daemon.printed("run", "--rm", "--network", "none", "box:1", "sh", "-c", show);
      const used = await use(daemon, ["box:1", "sh", "-c", leave]);
      const id = await createIn(daemon, used.directory, show);
      expect(inodeOf(daemon, id, "upper")).not.toBe(used.upper);
      expect(await daemon.printed("start", "-a", id)).toBe(expected);
      expect(await daemon.printed("logs", id)).toBe(expected);
      expect(await daemon.printed("diff", id)).toBe("");
    });

    test("keeps its files only if no other process may have them open", async () => {
      const quiet = ["sh", "-c", "echo output; exec sleep 100000"];
      const isolated = await use(daemon, ["box:1", ...quiet]);
      const second = await createIn(daemon, isolated.directory, "true");
      expect(inodeOf(daemon, second, "upper")).toBe(isolated.upper);
      expect(inodeOf(daemon, second, "hosts")).toBe(isolated.hosts);

      const shared = await use(daemon, ["-v", `${daemon.data}:/shared`, "box:1", ...quiet]);
      const third = await createIn(daemon, shared.directory, "true");
      const files = [inodeOf(daemon, third, "upper"), inodeOf(daemon, third, "hosts")];
      expect(files).not.toContain(shared.upper);
      expect(files).not.toContain(shared.hosts);
      expect(await daemon.printed("start", "-a", third)).toBe("");
    });

    test.each<[string, (id: string) => Promise<unknown>]>([
      [
        "another container was in its network before a restart",
        async (id) => {
          await daemon.printed("run", "--rm", "--network", `container:${id}`, "box:1", "true");
          await daemon.printed("restart", "-t", "0", id);
        },
      ],
      [
        "a command ran in it before a restart",
        async (id) => {
          await daemon.printed("exec", id, "true");
          await daemon.printed("restart", "-t", "0", id);
        },
      ],
      ["an archive of its files was begun", (id) => daemon.printed("cp", `${id}:/etc/hostname`, "-")],
      ["its changes were listed", (id) => daemon.printed("diff", id)],
    ])("keeps none of its files if %s", async (_, meanwhile) => {
      const used = await use(daemon, ["box:1", "sh", "-c", "echo output; exec sleep 100000"], meanwhile);
      const id = await createIn(daemon, used.directory, "true");
      expect(inodeOf(daemon, id, "upper")).not.toBe(used.upper);
      expect(inodeOf(daemon, id, "hosts")).not.toBe(used.hosts);
    });
  },
);
