import { Database } from "bun:sqlite";
import { readdirSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { print } from "./content.ts";

export interface StoreState {
  /** Value of each object, see `Expectations`. */
  found: Map<string, string>;
  /** Damage, images that do not run, and records or directories without their counterpart. */
  faults: string[];
  /** Number of containers that ran. */
  runs: number;
}

/** Commands that run at the same time. */
const width = 3;

/** Reads every object of a store after a cut, and runs every image. */
export async function readStore(daemon: TestDaemon, data: string): Promise<StoreState> {
  const faults = await findGhosts(data);
  const check = await daemon.tbox(["system", "check"]);
  if (check.code !== 0 || !check.stdout.includes(": no damage\n")) faults.push(check.stdout + check.stderr);
  const found = new Map<string, string>();
  let runs = 0;
  const run = async (object: string, args: string[]) => {
    runs++;
    const { code, stdout, stderr } = await daemon.tbox(["run", "--rm", "--network", "none", ...args]);
    if (code !== 0) faults.push(`${object} does not run: exit status ${code}: ${stderr}`);
    return stdout.trim().split(/\s+/).join("-");
  };
  const images = await namesOf(daemon, ["images", "--format", "{{.Repository}}:{{.Tag}}"]);
  await inTurn(images, async (name) => {
    found.set(`image|${name}`, await run(`image|${name}`, [name, ...print]));
  });
  const readVolume = async (name: string) => {
    const script = "cat /v/file 2>/dev/null || echo empty";
    found.set(
      `volume|${name}`,
      await run(`volume|${name}`, ["-v", `${name}:/v`, "kept:1", "sh", "-c", script]),
    );
  };
  await inTurn(await namesOf(daemon, ["volume", "ls", "-q"]), readVolume);
  for (const name of await namesOf(daemon, [
    "network",
    "ls",
    "--filter",
    "type=custom",
    "--format",
    "{{.Name}}",
  ])) {
    found.set(`network|${name}`, "there");
  }
  const state = "{{.State.Status}}-{{.State.ExitCode}}";
  for (const name of await namesOf(daemon, ["ps", "-a", "--format", "{{.Names}}"])) {
    found.set(`container|${name}`, await daemon.printed("inspect", "-f", state, name));
  }
  return { found, faults, runs };
}

/** Returns the lines that a command prints. */
async function namesOf(daemon: TestDaemon, command: string[]): Promise<string[]> {
  const lines = (await daemon.printed(...command)).split("\n");
  return lines.filter((line) => line !== "" && !line.includes("<none>"));
}

async function inTurn(names: string[], each: (name: string) => Promise<void>): Promise<void> {
  const waiting = [...names];
  const next = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await each(name);
  };
  await Promise.all(Array.from({ length: width }, next));
}

/** Attempts, a tenth of a second apart, in which directories without a record must be gone. */
const attempts = 100;

/** Compares the directories of a store with its records. */
async function findGhosts(data: string): Promise<string[]> {
  let ghosts: string[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    ghosts = compareDirectories(data);
    if (ghosts.length === 0) break;
    await Bun.sleep(100);
  }
  return ghosts;
}

function compareDirectories(data: string): string[] {
  using database = new Database(`${data}/tbox.db`, { readonly: true });
  const folders = [
    ["containers", "SELECT id AS name FROM containers"],
    ["volumes", "SELECT name FROM volumes"],
    ["layers/sha256", "SELECT substr(diff_id, 8) AS name FROM layers"],
  ] as const;
  return folders.flatMap(([folder, query]) => {
    const records = database
      .query<{ name: string }, []>(query)
      .all()
      .map(({ name }) => name);
    const directories = readdirSync(`${data}/${folder}`);
    return [
      ...records
        .filter((name) => !directories.includes(name))
        .map((name) => `${folder}/${name} has no directory`),
      ...directories
        .filter((name) => !records.includes(name))
        .map((name) => `${folder}/${name} has no record`),
    ];
  });
}
