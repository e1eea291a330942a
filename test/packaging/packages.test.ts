import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { printed, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { hasRanges, programUnavailable } from "#test/support/user.ts";
import manifest from "../../package.json" with { type: "json" };

const { version } = manifest;
const arch = process.arch;
const name = `tbox-${version}-linux-${arch}`;
const obstacle =
  programUnavailable ?? (Bun.which("dpkg-deb") === null ? "dpkg-deb is not installed" : undefined);
if (obstacle !== undefined) console.error(`skipped packages: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("packages", () => {
  let place: TemporaryDirectory;
  let packages: string;
  const environment = () => {
    const { PATH = "", TMPDIR = "/tmp" } = process.env;
    return { PATH, TMPDIR, HOME: `${place.path}/home`, TBOX_RUN_DIR: `${place.path}/run` };
  };
  const run = (...command: string[]) => runProgram(command, { environment: environment() });
  const print = (...command: string[]) => printed(command, { environment: environment() });
  const tbox = (...words: string[]) => print(`${place.path}/home/.local/bin/tbox`, ...words);

  beforeAll(async () => {
    place = temporaryDirectory("pkg");
    mkdirSync(`${place.path}/home`);
    packages = `${place.path}/packages`;
    await makePackages(packages, "tarball", "deb", "npm");
  });
  afterAll(() => place[Symbol.dispose]());

  async function makePackages(out: string, ...formats: string[]): Promise<void> {
    const variables = {
      ...process.env,
      TBOX_LEVEL: "1",
      TBOX_LICENCES: `${repository}/LICENSE`,
      SOURCE_DATE_EPOCH: "1700000000",
    };
    const command = ["scripts/package", "--from", "dist", "--out", out, ...formats];
    await printed(command, { cwd: repository, environment: definedOf(variables) });
  }

  test("are the same bytes when they are made again in another folder", async () => {
    const again = `${place.path}/again`;
    await makePackages(again, "tarball", "deb", "npm");
    const sums = (directory: string) => readFileSync(`${directory}/SHA256SUMS`, "utf8");
    expect(sums(again)).toBe(sums(packages));
  }, 300_000);

  describe("the archive with an installer", () => {
    const unpack = async (target: string) => {
      mkdirSync(`${place.path}/${target}`);
      await print("tar", "-xzf", `${packages}/${name}.tar.gz`, "-C", `${place.path}/${target}`);
      return `${place.path}/${target}/${name}`;
    };

    test("is refused when a file is damaged", async () => {
      const damaged = await unpack("damaged");
      writeFileSync(`${damaged}/lib/tbox/hello`, "x");
      const { code, stderr } = await run(`${damaged}/install.sh`);
      expect({ code, stderr }).toMatchObject({ code: 1 });
      expect(stderr).toContain("the archive is damaged: lib/tbox/hello: FAILED");
      expect(existsSync(`${place.path}/home/.local`)).toBe(false);
    });

    test("installs, upgrades while a container runs, and uninstalls without a trace", async () => {
      const own = hasRanges ? "chown 1000:1000 /v" : "true";
      // The earlier release has a file that the later one lacks.
      const earlier = await unpack("earlier");
      writeFileSync(`${earlier}/share/doc/tbox/EARLIER`, "");
      expect(await print(`${earlier}/install.sh`)).toContain(`tbox version ${version} is installed in `);
      expect(await tbox("run", "--rm", "hello")).toContain("this container runs, and no root was needed");
      await tbox("run", "--rm", "-v", "data:/v", "--rootfs", "/", "sh", "-c", own);
      await tbox("run", "-d", "--name", "kept", "--rootfs", "/", "sleep", "1000");
      const starts = () =>
        readFileSync(`${place.path}/home/.local/share/tbox/daemon.log`, "utf8").match(/listening on/g)
          ?.length;
      expect(starts()).toBe(1);
      const later = await unpack("later");
      writeFileSync(`${later}/share/doc/tbox/LATER`, "");
      await print(`${later}/install.sh`);
      expect(await tbox("ps", "--format", "{{.Names}} {{.State}}")).toBe("kept running\n");
      expect(starts()).toBe(2);
      const files = `${place.path}/home/.local`;
      expect(existsSync(`${files}/share/doc/tbox/EARLIER`)).toBe(false);
      expect(existsSync(`${files}/share/man/man1/tbox-run.1`)).toBe(true);
      expect(readFileSync(`${files}/share/systemd/user/tbox.service`, "utf8")).toContain(
        `ExecStart=${files}/lib/tbox/tbox-main daemon`,
      );
      // The installation is idempotent: an equal file stays as it is.
      const { ino } = statSync(`${files}/lib/tbox/tbox-main`);
      await print(`${later}/install.sh`);
      expect(statSync(`${files}/lib/tbox/tbox-main`).ino).toBe(ino);

      const installed = `${files}/lib/tbox/install.sh`;
      const refused = await run(installed, "--uninstall");
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("1 containers run") });
      await print(installed, "--uninstall", "--purge");
      expect(await print("find", `${place.path}/home`, "-mindepth", "1")).toBe("");
      expect(existsSync(environment().TBOX_RUN_DIR)).toBe(false);
    }, 300_000);
  });

  test("the Debian package has the programs, units, pages and completions of root", async () => {
    const deb = `${packages}/tbox_${version}_${arch === "x64" ? "amd64" : arch}.deb`;
    expect(await print("dpkg-deb", "--field", deb, "Depends")).toContain("uidmap");
    const listing = await print("dpkg-deb", "--contents", deb);
    const owners = listing
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/)[1]);
    expect(new Set(owners)).toEqual(new Set(["root/root"]));
    const wanted = [
      "/usr/bin/tbox -> ../lib/tbox/tbox",
      "/usr/lib/tbox/tbox-main",
      "/usr/lib/systemd/user/tbox.socket",
      "/usr/share/bash-completion/completions/tbox",
      "/usr/share/doc/tbox/copyright",
      "/usr/share/fish/vendor_completions.d/tbox.fish",
      "/usr/share/man/man1/tbox-run.1.gz",
      "/usr/share/tbox/apparmor/tbox",
      "/usr/share/zsh/vendor-completions/_tbox",
    ];
    expect(wanted.filter((path) => !listing.includes(` .${path}\n`))).toEqual([]);
  });

  describe.skipIf(Bun.which("npm") === null)("the npm packages", () => {
    const files = [`npm-tbox-${version}.tgz`, `npm-tbox-linux-${arch}-${version}.tgz`];
    const names = ["tbox", `@tbox/linux-${arch}`];
    const npm = (...words: string[]) => {
      const places = ["--prefix", `${place.path}/npm`, "--cache", `${place.path}/cache`];
      return print("npm", ...words, "--global", "--offline", "--no-update-notifier", ...places);
    };
    const start = () => runProgram([`${place.path}/npm/bin/tbox`, "--version"], { environment: {} });

    test("are installed without a build, run without Node.js, and leave nothing", async () => {
      await npm("install", ...files.map((file) => `${packages}/${file}`));
      expect(await start()).toMatchObject({ code: 0, stdout: `tbox version ${version}\n` });
      await npm("uninstall", ...names);
      expect(await print("find", `${place.path}/npm`, "!", "-type", "d")).toBe("");
    }, 300_000);

    test("name the missing package of a machine without it", async () => {
      await npm("install", `${packages}/${files[0]}`);
      expect(await start()).toMatchObject({
        code: 125,
        stderr: expect.stringContaining("is not installed"),
      });
    }, 300_000);
  });
});

function definedOf(environment: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}
