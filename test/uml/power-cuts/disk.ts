import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { linesOf } from "#test/support/lines.ts";
import { repository } from "#test/support/repository.ts";
import { apply, type Expectations, parseStep } from "./expectations.ts";
import { type Message, parseMessage } from "./messages.ts";
import { replay } from "./write-log.ts";

export type FileSystem = "ext4" | "xfs" | "btrfs";

/**
 * Data that a cut loses: the guest's page cache alone, as with a disk without a cache of its own, or also writes that no
 * flush has made durable.
 */
export type Loss = "page cache" | "unflushed writes";

const program = { ext4: ["-q", "-F"], xfs: ["-q", "-f"], btrfs: ["-q", "-f"] };
const path = `${process.env.PATH}:/usr/sbin:/sbin`;

/** Returns the kernel of the guest; undefined when none is installed. */
export function findKernel(): string | undefined {
  const kernel = process.env.TBOX_UML_KERNEL ?? Bun.which("linux.uml");
  return kernel !== null && kernel !== undefined && existsSync(kernel) ? kernel : undefined;
}

/** Returns the reason why a kind of disk cannot be tested with a kernel; undefined when it can. */
export function findDiskObstacle(kernel: string, type: FileSystem, loss: Loss): string | undefined {
  const logged = loss === "unflushed writes";
  const needed = [`mkfs.${type}`, ...(logged ? ["dmsetup"] : [])];
  const missing = needed.find((name) => Bun.which(name, { PATH: path }) === null);
  if (missing !== undefined) return `${missing} is not installed`;
  const options = printed([kernel, "--showconfig"]);
  if (!options.includes(`CONFIG_${type.toUpperCase()}_FS=y`)) return `the kernel has no ${type}`;
  const module = `/usr/lib/uml/modules/${printed([kernel, "--version"]).trim()}/kernel/drivers/md/dm-log-writes.ko`;
  const hasLog =
    options.includes("CONFIG_DM_LOG_WRITES=y") ||
    (options.includes("CONFIG_DM_LOG_WRITES=m") && existsSync(module));
  return logged && !hasLog ? "the kernel cannot log writes (CONFIG_DM_LOG_WRITES)" : undefined;
}

function printed(command: string[]): string {
  return Bun.spawnSync(command).stdout.toString();
}

export interface Cut {
  /** Operations of this boot that were acknowledged before the cut. */
  acknowledged: number;
  /** Containers that ran after the boot. */
  runs: number;
  faults: string[];
}

export interface Machine {
  /**
   * Boots, compares, works, and cuts the power when that many operations were acknowledged and a moment has passed. Calls
   * `advance` for each message of the guest.
   */
  cut(operations: number, advance: () => void): Promise<Cut>;
}

/** Creates a disk in a directory that the guest shares. */
export function openMachine(directory: string, type: FileSystem, loss: Loss, random: () => number): Machine {
  const disk = `${directory}/disk`;
  const log = `${directory}/log`;
  writeFileSync(disk, "");
  truncateSync(disk, 1 << 30);
  const made = Bun.spawnSync([`mkfs.${type}`, ...program[type], disk], { env: { PATH: path } });
  if (made.exitCode !== 0) throw new Error(`mkfs.${type}: ${made.stderr}`);
  const expectations: Expectations = new Map();
  let generation = 0;
  return {
    async cut(operations, advance) {
      rmSync(log, { force: true });
      writeFileSync(log, "");
      truncateSync(log, 2 ** 32);
      writeFileSync(`${directory}/steps`, "");
      writeFileSync(`${directory}/expectations.json`, JSON.stringify([...expectations]));
      const logging = loss === "unflushed writes" ? ["--log", log] : [];
      const guest = ["node_modules/.bin/bun", "test/uml/power-cuts/guest.ts", directory, `${generation++}`];
      const boot = ["test/uml/boot", "--share", directory, "--disk", disk, ...logging, ...guest];
      const { verified, faults } = await runUntilCut(boot, { operations, delay: random() * 500, advance });
      const steps = loss === "unflushed writes" ? replay(log, disk, random) : fileLines(`${directory}/steps`);
      for (const step of steps.map(parseStep)) apply(expectations, step);
      const acknowledged = steps.filter((step) => step.startsWith("d")).length;
      return { acknowledged, runs: verified.runs, faults: [...verified.faults, ...faults] };
    },
  };
}

type Verified = Extract<Message, { kind: "verified" }>;

/** Runs a guest and kills it some milliseconds after a number of acknowledgements. */
async function runUntilCut(
  command: string[],
  { operations, delay, advance }: { operations: number; delay: number; advance: () => void },
) {
  const child = Bun.spawn(command, { cwd: repository, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  let verified: Verified | undefined;
  let acknowledged = 0;
  const printed: string[] = [];
  const faults: string[] = [];
  const cut = () => child.kill("SIGTERM");
  for await (const line of linesOf(child.stdout)) {
    advance();
    const message = parseMessage(line);
    if (message === undefined) printed.push(line);
    else if (message.kind === "verified") verified = message;
    else if (message.kind === "fault") faults.push(message.text);
    else if (++acknowledged === operations) setTimeout(cut, delay);
  }
  await child.exited;
  if (verified === undefined) throw new Error(`the guest ended before the cut:\n${printed.join("\n")}`);
  return { verified, faults };
}

function fileLines(file: string): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}
