/**
 * `tbox` as a user calls it: a separate process, never root, with its own directories.
 */
import { chmodSync, chownSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { killTrees, processesMentioning } from "#test/support/processes.ts";
import { removeTree } from "#test/support/temp.ts";
import { type FakeDaemon, type FakeOptions, startFakeDaemon } from "./fake-daemon.ts";

const root = resolve(import.meta.dir, "../../..");
const compiled = `${root}/dist/tbox`;

/** Reason why the tests with the real daemon cannot run here; undefined when they can. */
export const realUnavailable: string | undefined = !existsSync(compiled)
  ? "dist/tbox is not built"
  : process.getuid?.() === 0 && process.env.TBOX_TEST_USER === undefined
    ? "the tests run as root and TBOX_TEST_USER names no ordinary user with subordinate ids"
    : undefined;

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CallOptions {
  /** Bytes for standard input, or a pipe that the test writes to; default: empty. */
  stdin?: Uint8Array | "pipe";
  environment?: Record<string, string>;
}

export interface CommandLine extends AsyncDisposable {
  /** Arguments before the command in `tbox run … COMMAND`: an image, or options instead. */
  image: string[];
  /** Directory that only the user of tbox can access. */
  directory: string;
  fake?: FakeDaemon;
  /** Runs `tbox` to its end. */
  call(args: string[], options?: CallOptions): Promise<Outcome>;
  spawn(
    args: string[],
    options?: CallOptions,
  ): Bun.Subprocess<Uint8Array | "pipe" | "ignore", "pipe", "pipe">;
  /** Returns the full command for `args`, for another program to run. */
  command(args: string[]): string[];
}

/** Opens a command line with a fake daemon; it runs from the sources, without a build. */
export async function openWithFake(options: Partial<FakeOptions> = {}): Promise<CommandLine> {
  const user = process.getuid?.() === 0 ? "65534" : undefined;
  const directory = privateDirectory(user);
  const fake = await startFakeDaemon({ socketPath: `${directory}/tbox.sock`, ...options });
  if (user !== undefined) chownSync(fake.socketPath, Number(user), Number(user));
  const line = openCommandLine([process.execPath, `${root}/src/main.ts`], directory, user);
  return {
    ...line,
    fake,
    image: ["image"],
    async [Symbol.asyncDispose]() {
      await fake[Symbol.asyncDispose]();
      // A command that a test left running could create files again.
      await killTrees(processesMentioning(directory));
      removeTree(directory);
    },
  };
}

/** Opens the compiled program with its own daemon, on this machine's root file system. */
export async function openReal(): Promise<CommandLine> {
  const user = process.getuid?.() === 0 ? process.env.TBOX_TEST_USER : undefined;
  const directory = privateDirectory(user);
  const line = openCommandLine([compiled], directory, user);
  return {
    ...line,
    image: ["--rootfs", "/"],
    async [Symbol.asyncDispose]() {
      await line.call(["daemon", "stop"]);
      // The command lines of the zygote and the monitors contain the directory.
      await killTrees(processesMentioning(directory));
      removeTree(directory);
    },
  };
}

function openCommandLine(
  program: string[],
  directory: string,
  user: string | undefined,
): Omit<CommandLine, "image" | typeof Symbol.asyncDispose> {
  const environment = {
    HOME: directory,
    PATH: process.env.PATH ?? "",
    TERM: "xterm",
    TBOX_RUN_DIR: directory,
    TBOX_DATA_DIR: `${directory}/data`,
  };
  const prefix =
    user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${groupOf(user)}`, "--clear-groups"];
  const spawn = (args: string[], options: CallOptions = {}) =>
    Bun.spawn([...prefix, ...program, ...args], {
      cwd: directory,
      env: { ...environment, ...options.environment },
      stdin: options.stdin ?? "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  return {
    directory,
    spawn,
    async call(args, options) {
      const child = spawn(args, options);
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { code, stdout, stderr };
    },
    command: (args) => [
      "env",
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...prefix,
      ...program,
      ...args,
    ],
  };
}

function privateDirectory(user: string | undefined): string {
  const directory = mkdtempSync(`${tmpdir()}/tbox-e2e-`);
  chmodSync(directory, 0o700);
  if (user !== undefined) {
    const id = (flag: string) => Number(/^\d+$/.test(user) ? user : output(["id", flag, user]));
    chownSync(directory, id("-u"), id("-g"));
  }
  return directory;
}

function groupOf(user: string): string {
  return /^\d+$/.test(user) ? user : output(["id", "-g", user]);
}

function output(command: string[]): string {
  return Bun.spawnSync(command).stdout.toString().trim();
}
