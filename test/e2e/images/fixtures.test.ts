import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { printed } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { hasRanges, programUnavailable } from "#test/support/user.ts";

const unavailable = programUnavailable ?? (hasRanges ? undefined : "layers have owners of subordinate ids");
/** Time limit: the scripts start a few hundred programs. */
const patience = 60_000;

daemonSuite("archives of rootfs-fixtures", { obstacle: unavailable }, (daemon) => {
  const opened = new AsyncDisposableStack();
  let directory: TemporaryDirectory;
  beforeAll(async () => {
    directory = opened.use(temporaryDirectory("fixtures"));
  });
  afterAll(() => opened.disposeAsync());

  const run = (...command: string[]): Promise<string> => {
    const environment = { PATH: process.env.PATH ?? "", TMPDIR: directory.path };
    return printed(command, { environment, cwd: directory.path });
  };

  test(
    "a layer with rare entries is unpacked as specified",
    async () => {
      const image = `${directory.path}/oddities.tar`;
      await run(`${repository}/rootfs-fixtures/oddities`, image);
      expect((await daemon.tbox(["load", "-q", "-i", image])).code).toBe(0);
      const exported = `${directory.path}/exported.tar`;
      await daemon.tbox(["create", "--name", "odd", "oddities:1"]);
      await daemon.tbox(["export", "-o", exported, "odd"]);
      const listed = await run("tar", "--numeric-owner", "-tvf", exported);
      const found = listed.split("\n").flatMap((line) => {
        const [, mode, owner, size, name = ""] = /^(\S+) (\S+) +(\S+) \S+ \S+ (.*)$/.exec(line) ?? [];
        return /^(dev|proc|sys|etc)\/|^$/.test(name) ? [] : [`${mode} ${owner} ${size} ${name}`];
      });
      expect(found).toEqual([
        "-rwxr-xr-x 0/0 0 .dockerenv",
        "-rwxr-xr-x 0/0 11 attributed",
        "drwxr-xr-x 0/0 0 becomes-directory/",
        "-rwxr-xr-x 0/0 7 becomes-directory/inside",
        "-rwxr-xr-x 0/0 5 becomes-file",
        "drwxr-xr-x 0/0 0 covered/",
        "-rwxr-xr-x 0/0 6 covered/stays",
        "lrwxrwxrwx 0/0 0 dangling -> nowhere/at/all",
        "prw-r----- 0/0 0 fifo",
        "-rwxr-xr-x 0/0 7 hard-link",
        "drwxr-xr-x 0/0 0 implied/",
        "drwxr-xr-x 0/0 0 implied/parents/",
        "-rwxr-xr-x 0/0 8 implied/parents/file",
        "hrwxr-xr-x 0/0 0 linked link to hard-link",
        `-rwxr-xr-x 0/0 5 ${"long-".repeat(30)}`,
        "-rwxr-xr-x 0/0 6 not-utf-8-\\377\\376",
        "drwxr-xr-x 0/0 0 opaque/",
        "-rwxr-xr-x 0/0 4 opaque/new",
        "-rwsr-sr-x 1/2 6 set-id",
        "-rw-r--r-- 0/0 1048579 sparse",
        "-rw------- 0/0 7 twice",
      ]);
      expect(await run("tar", "-xOf", exported, "twice", "becomes-directory/inside")).toBe(
        "inside\nsecond\n",
      );
    },
    patience,
  );

  test(
    "hostile archives are refused or contained",
    async () => {
      const [archives, canary] = [`${directory.path}/hostile`, `${directory.path}/canary`];
      mkdirSync(archives);
      mkdirSync(canary);
      writeFileSync(`${canary}/file`, "precious");
      await run(`${repository}/rootfs-fixtures/hostile`, archives, canary);
      const outcomes: Record<string, number> = {};
      for (const name of readdirSync(archives).toSorted()) {
        const { code, stderr } = await daemon.tbox(["import", `${archives}/${name}`, "hostile:1"]);
        outcomes[name.replace(".tar", "")] = code;
        if (code !== 0) expect(stderr).toMatch(/^tbox: (entry |the layer )/);
        expect(readdirSync(canary), name).toEqual(["file"]);
        expect(readFileSync(`${canary}/file`, "utf8"), name).toBe("precious");
      }
      const contained = Object.keys(outcomes).filter((name) => outcomes[name] === 0);
      expect(contained).toEqual([
        "absolute-name",
        "directory-over-link",
        "opaque-through-link",
        "over-link",
        "whiteout-through-link",
      ]);
      expect(Object.keys(outcomes)).toHaveLength(25);
    },
    patience,
  );
});
