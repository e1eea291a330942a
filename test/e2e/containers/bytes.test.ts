import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry } from "#test/support/registry.ts";
import { repository } from "#test/support/repository.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

/** Names of one byte beyond ASCII, and of a cut character; the content of each file is its name. */
const names = [Buffer.of(0xff), Buffer.of(0x63, 0xe9), Buffer.from("漢").subarray(0, 2)];
const shown = names.map((name) => name.toString("latin1")).sort();
/** Creates the files below `/bytes` with the shell of the image. */
const create =
  "mkdir /bytes && cd /bytes && for n in '\\377' 'c\\351' '\\346\\274'; do f=$(printf $n); printf $n > \"$f\"; done";

daemonSuite(
  "bytes that are not UTF-8",
  { obstacle: shellUnavailable, prepare: (daemon) => loadShell(daemon, "box:1") },
  (daemon) => {
    const tbox = (...args: string[]) => run(daemon, [`${repository}/dist/tbox`, ...args]);
    const docker = (...args: string[]) => run(daemon, ["docker", "-H", `unix://${daemon.socket}`, ...args]);
    const make = async (name: string) => {
      tbox("run", "--name", name, "--network=none", "box:1", "sh", "-c", create);
    };
    const listed = (image: string) =>
      tbox(
        "run",
        "--rm",
        "--network=none",
        image,
        "sh",
        "-c",
        "cd /bytes && for f in *; do cat \"$f\"; printf '\\n'; done",
      )
        .toString("latin1")
        .trim()
        .split("\n")
        .sort();

    const clients = [
      { client: "tbox", copy: tbox },
      ...(Bun.which("docker") === null ? [] : [{ client: "docker", copy: docker }]),
    ];

    test.each(clients)("names survive cp of $client in both directions", async ({ client, copy }) => {
      using files = filesOf("source");
      tbox("create", "--name", `cp-${client}`, "--network=none", "box:1", "true");
      copy("cp", `${files.path}/source`, `cp-${client}:/bytes`);
      copy("cp", `cp-${client}:/bytes`, `${files.path}/target`);
      expectNames(`${files.path}/target`);
    });

    test("names survive commit, export and import", async () => {
      await make("changed");
      tbox("commit", "changed", "committed:1");
      expect(listed("committed:1")).toEqual(shown);
      using files = temporaryDirectory("bytes");
      tbox("export", "-o", `${files.path}/a.tar`, "changed");
      tbox("import", `${files.path}/a.tar`, "imported:1");
      expect(listed("imported:1")).toEqual(shown);
    });

    test("names survive a build from a directory and its output, save and load", async () => {
      using files = filesOf("context/bytes");
      writeFileSync(
        `${files.path}/context/Dockerfile`,
        "FROM box:1\nCOPY bytes /bytes\nRUN cp -a /bytes /more\n",
      );
      tbox("build", "-q", "-t", "built:1", "-o", `${files.path}/out`, `${files.path}/context`);
      expectNames(`${files.path}/out/more`);
      expect(listed("built:1")).toEqual(shown);
      tbox("save", "-o", `${files.path}/a.tar`, "built:1");
      tbox("rmi", "built:1");
      tbox("load", "-i", `${files.path}/a.tar`);
      expect(listed("built:1")).toEqual(shown);
    });

    test.skipIf(registryUnavailable !== undefined)("names survive push and pull", async () => {
      await using registry = await startRegistry();
      const name = `${registry.host}/bytes:1`;
      await make("pushed");
      tbox("commit", "pushed", name);
      tbox("push", "-q", name);
      tbox("rmi", name);
      tbox("pull", "-q", name);
      expect(listed(name)).toEqual(shown);
    });

    test.each(clients)("logs of $client have the bytes of the output", async ({ client, copy }) => {
      const name = `logs-${client}`;
      tbox("run", "-d", "--name", name, "--network=none", "box:1", "printf", "a\\377\\n\\346\\274");
      tbox("wait", name);
      expect(copy("logs", name)).toEqual(Buffer.from("a\xff\n\xe6\xbc", "latin1"));
    });

    test("variables, labels, arguments and environment files have the replacement character, as in Docker", () => {
      // Bun has no way to pass such arguments; a shell has.
      const shell = (script: string, program = `${repository}/dist/tbox`) =>
        run(daemon, ["sh", "-c", script, "sh", program]).toString();
      const value = "$(printf 'a\\377b')";
      for (const program of [`${repository}/dist/tbox`, `${repository}/dist/tbox-main`]) {
        const sh = (script: string) => shell(script, program);
        const printed = `"$1" run --rm --network=none -e "A=${value}" box:1 sh -c 'printf %s "$A"'`;
        expect(sh(printed)).toBe("a\ufffdb");
        expect(
          sh(`export A="${value}"; "$1" run --rm --network=none -e A box:1 sh -c 'printf %s "$A"'`),
        ).toBe("a\ufffdb");
        expect(sh(`"$1" run --rm --network=none box:1 printf %s "${value}"`)).toBe("a\ufffdb");
        expect(
          sh(`"$1" create --name labelled --label "l=${value}" box:1 true >/dev/null
          "$1" inspect -f '{{.Config.Labels.l}}' labelled; "$1" rm labelled >/dev/null`),
        ).toBe("a\ufffdb\n");
      }
      using files = temporaryDirectory("bytes");
      const file = `${files.path}/env`;
      expect(
        shell(`printf 'A=\\377\\n' >${file}; "$1" run --env-file ${file} box:1 true 2>&1 || true`),
      ).toContain("invalid utf8 bytes");
    });

    test("a command works although a variable of the user is not UTF-8", () => {
      const script = `ODD=$(printf '\\377'); export ODD; "$1" run --rm --network=none box:1 echo up; "$1" ps -q`;
      expect(run(daemon, ["sh", "-c", script, "sh", `${repository}/dist/tbox`]).toString()).toBe("up\n");
    });

    test("diff shows such a name with the replacement character, and cp writes a long one", () => {
      const name = "f=$(printf '\\376'; printf %0180d 0)";
      tbox(
        "run",
        "--name",
        "long",
        "--network=none",
        "box:1",
        "sh",
        "-c",
        `mkdir /l; ${name}; echo x >/l/$f`,
      );
      expect(tbox("diff", "long").toString()).toContain(`A /l/\ufffd${"0".repeat(180)}\n`);
      using files = temporaryDirectory("bytes");
      tbox("cp", "long:/l", files.path);
      const [only, ...others] = readdirSync(`${files.path}/l`, { encoding: "buffer" });
      expect(others).toEqual([]);
      expect(only?.toString("latin1")).toBe(`\xfe${"0".repeat(180)}`);
      tbox("rm", "long");
    });

    test("the output of run and exec has the bytes of the program", () => {
      expect(tbox("run", "--rm", "--network=none", "box:1", "printf", "\\377")).toEqual(Buffer.of(0xff));
      tbox("run", "-d", "--name", "running", "--network=none", "box:1", "sleep", "1000");
      expect(tbox("exec", "running", "printf", "\\346\\274")).toEqual(Buffer.of(0xe6, 0xbc));
      tbox("rm", "-f", "running");
    });
  },
);

/** Runs a program; returns its output. */
function run(daemon: TestDaemon, command: string[]): Buffer {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { env: daemon.environment });
  expect({ command, exitCode, stderr: exitCode === 0 ? "" : stderr.toString() }).toEqual({
    command,
    exitCode: 0,
    stderr: "",
  });
  return stdout;
}

/** Creates a directory with the files. */
function filesOf(directory: string): TemporaryDirectory {
  const files = temporaryDirectory("bytes");
  mkdirSync(`${files.path}/${directory}`, { recursive: true });
  for (const name of names)
    writeFileSync(Buffer.concat([Buffer.from(`${files.path}/${directory}/`), name]), name);
  return files;
}

function expectNames(directory: string): void {
  const found = readdirSync(directory, { encoding: "buffer" });
  expect(found.map((name) => name.toString("latin1")).sort()).toEqual(shown);
  for (const name of found)
    expect(readFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]))).toEqual(name);
}
