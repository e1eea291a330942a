import { afterAll, beforeAll, describe } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "./daemon.ts";
import { temporaryDirectory } from "./temp.ts";
import { programUnavailable } from "./user.ts";

export interface DaemonSuiteOptions {
  /** Reason why the tests cannot run here: they are skipped, and the reason is printed. */
  obstacle?: string | undefined;
  /** Variables for the daemon and `tbox`, besides the default ones. */
  environment?: Record<string, string>;
  /** Contents of the daemon's `config.json`. */
  configuration?: object;
  /** Runs once, after the daemon has started. Resources in `opened` are closed in reverse order at the end. */
  prepare?: (daemon: TestDaemon, opened: AsyncDisposableStack) => Promise<void>;
}

/** Declares tests that share one daemon with its own store. */
export function daemonSuite(
  name: string,
  { obstacle = programUnavailable, environment, configuration, prepare }: DaemonSuiteOptions,
  declare: (daemon: TestDaemon) => void,
): void {
  if (obstacle !== undefined) console.error(`skipped ${name}: ${obstacle}`);
  describe.skipIf(obstacle !== undefined)(name, () => {
    const opened = new AsyncDisposableStack();
    let started: TestDaemon | undefined;
    beforeAll(async () => {
      const more = configuration === undefined ? {} : writeConfiguration(configuration, opened);
      started = opened.use(await startDaemon({ ...environment, ...more }));
      await prepare?.(started, opened);
    });
    afterAll(() => opened.disposeAsync());
    declare(forwarding(() => started));
  });
}

/** Writes a `config.json` and returns the variable with its directory. */
function writeConfiguration(content: object, opened: AsyncDisposableStack): Record<string, string> {
  const home = opened.use(temporaryDirectory("config")).path;
  mkdirSync(`${home}/tbox`);
  writeFileSync(`${home}/tbox/config.json`, JSON.stringify(content));
  return { XDG_CONFIG_HOME: home };
}

/** Returns a daemon whose members are those of the daemon that `beforeAll` starts. */
function forwarding(find: () => TestDaemon | undefined): TestDaemon {
  const daemon = (): TestDaemon => {
    const found = find();
    if (found === undefined) throw new Error("the daemon is used before its suite has started it");
    return found;
  };
  return {
    get data() {
      return daemon().data;
    },
    get run() {
      return daemon().run;
    },
    get socket() {
      return daemon().socket;
    },
    get pid() {
      return daemon().pid;
    },
    get environment() {
      return daemon().environment;
    },
    request: (method, path, body) => daemon().request(method, path, body),
    tbox: (args, options) => daemon().tbox(args, options),
    printed: (...args) => daemon().printed(...args),
    kill: () => daemon().kill(),
    start: () => daemon().start(),
    [Symbol.asyncDispose]: () => daemon()[Symbol.asyncDispose](),
  };
}
