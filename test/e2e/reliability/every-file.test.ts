import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lstatSync, readFileSync, writeFileSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { applyDamage, copyStore, damages, filesOf, startDaemonWithObjects } from "../support/damage.ts";
import { shellUnavailable } from "../support/images.ts";

const program = `${repository}/dist/tbox`;

/** Whether each file gets all kinds of damage (`npm run endure`), or the kinds take turns. */
const all = process.env.TBOX_TEST_EVERY_FILE === "all";
const timeout = all ? 900_000 : 120_000;

const isolated = ["run", "--rm", "--network", "none"];

/** Objects of the prepared store, the command that uses each of them, and its output. */
const objects: [name: string, command: string[], output: string][] = [
  ["container one", ["start", "-a", "one"], "one"],
  ["container two", ["start", "-a", "two"], "two"],
  ["volume", [...isolated, "-v", "data:/data", "box:1", "cat", "/data/file"], "data"],
  ["image box", [...isolated, "box:1", "echo", "ran"], "ran"],
  ["image own", [...isolated, "own:1", "cat", "/own"], "own"],
  ["network", ["network", "inspect", "-f", "{{.Name}}", "net"], "net"],
];

/** Groups of the store's files, so that no test takes too long. */
const groups: [name: string, files: RegExp][] = [
  ["the layer below all others", /^base\//],
  ["blobs", /^blobs\//],
  ["layers and volumes", /^(layers|volumes)\//],
  ["the directory of a container", /^containers\//],
  ["the database", /^tbox\.db/],
  ["all other files", /^(?!base\/|blobs\/|layers\/|volumes\/|containers\/|tbox\.db)/],
];

/** Messages that a user sees of a daemon with a damaged store. */
interface Seen {
  /** Message of a daemon that does not start. */
  refusal?: string;
  /** Messages about the objects that do not work as before, by name. */
  lost: Record<string, string>;
  /** Output of `tbox system check`; empty if it found no damage. */
  check: string;
}

describe.skipIf(shellUnavailable !== undefined)("a daemon with a damaged file", () => {
  const copy = temporaryDirectory("copy");
  const original = `${copy.path}/store`;
  const owners = new Map<string, string>();
  let daemon: TestDaemon;

  beforeAll(async () => {
    daemon = await startDaemonWithObjects();
    const create = async (name: string, ...rest: string[]) =>
      owners.set(await daemon.printed("create", "--name", name, "--network", "none", ...rest), name);
    await create("one", "-v", "data:/data", "box:1", "sh", "-c", "echo data > /data/file; echo one");
    await create("two", "own:1", "sh", "-c", "echo two");
    for (const name of ["one", "two"]) await daemon.printed("start", "-a", name);
    await daemon.printed("daemon", "stop");
    await copyStore(daemon.data, original);
  }, 60_000);

  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    copy[Symbol.dispose]();
  });

  /** Returns the objects that may be lost with a file. */
  function objectsOf(file: string): string[] {
    const [, owner] = /^containers\/([^/]+)\//.exec(file) ?? [];
    if (owner !== undefined) return [`container ${owners.get(owner)}`];
    if (file.startsWith("volumes/")) return ["volume"];
    if (/^layers\/.*\/own$/.test(file)) return ["image own"];
    // All images share the layer with their program.
    return file.startsWith("layers/") ? objects.map(([name]) => name) : [];
  }

  /** Starts a daemon and uses all objects. */
  async function look(): Promise<Seen> {
    const child = Bun.spawn([program, "daemon", "--notify"], {
      env: daemon.environment,
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/",
    });
    const messages = child.stderr.text();
    const { value } = await child.stdout.getReader().read();
    if (!new TextDecoder().decode(value).includes('"ready"')) {
      expect(await child.exited).not.toBe(0);
      return { refusal: await messages, lost: {}, check: "" };
    }
    const run = (command: string[]) => runProgram([program, ...command], { environment: daemon.environment });
    const lost: Record<string, string> = {};
    for (const [name, command, output] of objects) {
      const { code, stdout, stderr } = await run(command);
      if (code !== 0 || stdout.trim() !== output) lost[name] = stderr.trim();
    }
    const { code, stdout, stderr } = await run(["system", "check"]);
    child.kill("SIGTERM");
    await child.exited;
    return { lost, check: code === 0 ? "" : stdout + stderr };
  }

  const whole: Seen = { lost: {}, check: "" };

  test.each(groups)(
    "in %s names the cause or repairs the file, and loses no other object",
    async (_, group) => {
      const isExtra = (file: string) =>
        !all && /^containers\//.test(file) && !objectsOf(file).includes("container one");
      const files = filesOf(original).filter(
        (file) => group.test(file) && !isExtra(file) && lstatSync(`${original}/${file}`).isFile(),
      );
      for (const [index, file] of files.entries()) {
        for (const damage of all ? damages : damages.filter((_, kind) => kind === index % damages.length)) {
          await copyStore(original, daemon.data);
          applyDamage(`${daemon.data}/${file}`, damage);
          const { refusal, lost, check } = await look();
          const context = `${file} ${damage}`;
          // The message of a refusal names the file, and nothing is lost once the file is back.
          if (refusal !== undefined) {
            expect([context, refusal]).toEqual([context, expect.stringContaining(`${daemon.data}/`)]);
            writeFileSync(`${daemon.data}/${file}`, readFileSync(`${original}/${file}`));
            expect([context, await look()]).toEqual([context, whole]);
          }
          const others = Object.keys(lost).filter((name) => !objectsOf(file).includes(name));
          expect([context, others]).toEqual([context, []]);
          const silent = Object.entries(lost).filter(([, message]) => message === "" && check === "");
          expect([context, silent]).toEqual([context, []]);
        }
      }
    },
    timeout,
  );
});
