import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { killTrees, processesMentioning, processesWithVariable } from "#test/support/processes.ts";
import { printed, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import {
  applyDamage,
  copyStore,
  type Damage,
  damages,
  filesOf,
  startDaemonWithObjects,
} from "../support/damage.ts";
import { shellUnavailable } from "../support/images.ts";

const program = `${repository}/dist/tbox`;

/** Whether each file gets all kinds of damage (`npm run endure`), or only files without which a daemon could lose others. */
const all = process.env.TBOX_TEST_EVERY_FILE === "all";

/** Seconds after which a command hangs. */
const patience = 30;

const isolated = ["run", "--rm", "--network", "none"];

/** Objects of the prepared store, the command that uses each of them, and its output. */
const objects: [name: string, command: string[], output: string][] = [
  ["container one", ["start", "-a", "one"], "one"],
  ["container lasting", ["exec", "lasting", "echo", "entered"], "entered"],
  ["log of lasting", ["logs", "lasting"], "up"],
  ["volume", [...isolated, "-v", "data:/data", "box:1", "cat", "/data/file"], "data"],
  ["image own", [...isolated, "own:1", "cat", "/own"], "own"],
  ["network", ["run", "--rm", "--network", "net", "box:1", "echo", "net"], "net"],
];

/** Files without which the daemon could lose other files, start twice or not be reached. */
const essential: [file: string, damage: Damage][] = [
  ["data/tbox.db", "removed"],
  ["data/tbox.db-wal", "removed"],
  ["data/daemon.lock", "removed"],
  ["data/zygote-*.json", "garbled"],
  ["run/zygote-*.sock", "removed"],
  ["run/monitors/*.sock", "removed"],
  ["run/launcher.sock", "removed"],
];

describe.skipIf(shellUnavailable !== undefined)("a daemon that loses a file while it runs", () => {
  const copy = temporaryDirectory("copy");
  const original = `${copy.path}/store`;
  const ids = new Map<string, string>();
  let daemon: TestDaemon;

  beforeAll(async () => {
    daemon = await startDaemonWithObjects();
    const create = async (name: string, ...rest: string[]) =>
      ids.set(name, await daemon.printed("create", "--name", name, "--network", "none", ...rest));
    await create("one", "-v", "data:/data", "box:1", "sh", "-c", "echo data > /data/file; echo one");
    await create("lasting", "box:1", "sh", "-c", "echo up; sleep 1000");
    await daemon.printed("start", "-a", "one");
    await daemon.printed("daemon", "stop");
    await copyStore(daemon.data, original);
  }, 60_000);

  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    copy[Symbol.dispose]();
  });

  const tbox = async (...command: string[]) => {
    const limited = ["timeout", "-k", "1", String(patience), program, ...command];
    const outcome = await runProgram(limited, { environment: daemon.environment });
    if (outcome.code >= 124 && outcome.code !== 125) throw new Error(`tbox ${command.join(" ")} hangs`);
    return outcome;
  };

  /** Starts a daemon over the prepared store, and its lasting container. The next daemons are those that clients start. */
  async function prepare(): Promise<void> {
    await copyStore(original, daemon.data);
    rmSync(daemon.run, { recursive: true, force: true });
    mkdirSync(daemon.run, { mode: 0o700 });
    const environment = daemon.environment;
    await printed([program, "start", "lasting"], { environment });
    await printed([program, "run", "--rm", "--network", "net", "box:1", "true"], { environment });
    await until(async () => (await tbox("logs", "lasting")).stdout === "up\n");
  }

  /** Uses all objects. Returns the messages about those that do not work as before, by name. */
  async function use(): Promise<Record<string, string>> {
    const lost: Record<string, string> = {};
    for (const [name, command, output] of objects) {
      const { code, stdout, stderr } = await tbox(...command);
      if (code !== 0 || stdout.trim() !== output) lost[name] = stderr.trim();
    }
    return lost;
  }

  /** Returns the objects that may be lost with a file. */
  function objectsOf(file: string, damage: Damage): string[] {
    if (file.startsWith("data/tbox.db") && damage !== "removed") return objects.map(([name]) => name);
    for (const [name, id] of ids) {
      if (file.startsWith(`data/containers/${id}/`)) return [`container ${name}`, `log of ${name}`];
    }
    if (file.startsWith("data/volumes/")) return ["volume"];
    if (/^data\/layers\/.*\/own$/.test(file)) return ["image own"];
    // All images share the layer with their program.
    return file.startsWith("data/layers/") ? objects.map(([name]) => name) : [];
  }

  const pathOf = (file: string) =>
    file.replace(/^(data|run)/, (root) => (root === "data" ? daemon.data : daemon.run));

  const allFiles = () =>
    ["data", "run"].flatMap((root) => filesOf(pathOf(root)).map((path) => `${root}/${path}`));

  /** Tests what the running daemon and the next one do after a damage. Ends all processes. */
  async function lose(file: string, damage: Damage): Promise<void> {
    applyDamage(pathOf(file), damage);
    const during = await use();
    if (file === "data/daemon.lock") {
      const environment = { ...daemon.environment, TBOX_RUN_DIR: `${daemon.run}-2` };
      const second = await runProgram([program, "daemon"], { environment });
      expect(second.stderr).toContain(`has the store ${daemon.data} open`);
    }
    await tbox("daemon", "stop");
    const after = await use();
    for (const lost of [during, after]) {
      const others = Object.keys(lost).filter((name) => !objectsOf(file, damage).includes(name));
      expect([file, damage, others, lost]).toEqual([file, damage, [], lost]);
    }
    await end();
  }

  async function end(): Promise<void> {
    await tbox("rm", "-f", "lasting");
    await tbox("daemon", "stop");
    // A daemon without its socket cannot be told to stop.
    const daemons = processesWithVariable(`TBOX_DATA_DIR=${daemon.data}`);
    await killTrees([...daemons, ...processesMentioning(daemon.run)]);
  }

  test.skipIf(all).each(essential)(
    "loses nothing else without %s (%s)",
    async (pattern, damage) => {
      await prepare();
      const glob = new Bun.Glob(pattern);
      const file = allFiles().find((path) => glob.match(path));
      if (file === undefined) throw new Error(`no file is called ${pattern}`);
      await lose(file, damage);
    },
    60_000,
  );

  test.if(all)(
    "loses no other file",
    async () => {
      await prepare();
      const files = allFiles();
      await end();
      for (const file of files) {
        for (const damage of damages) {
          await prepare();
          if (existsSync(pathOf(file))) await lose(file, damage);
          else await end();
        }
      }
    },
    1_800_000,
  );
});
