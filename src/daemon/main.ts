import { writeSync } from "node:fs";
import { configPath, readConfig } from "#engine/config.ts";
import { readConfigFile } from "#engine/config-file.ts";
import { openEngine } from "#engine/open-engine.ts";
import { errorChain, errorCode, invalidArgument, TboxError } from "#support/errors.ts";
import { openLog, setLogLevels } from "#support/log.ts";
import { checkProcessLimits } from "#support/process-limits.ts";
import { openDaemon } from "./daemon.ts";
import type { ListenForLaunchers } from "./server/local-api.ts";
import { takePassedSocket } from "./server/systemd-socket.ts";

const log = openLog("daemon");

/**
 * Runs `tbox daemon`: serves the API until a signal or a client ends it; containers keep running. `--notify` prints one
 * line of JSON that reports readiness or the reason of a failure. `listenForLaunchers` serves launchers.
 */
export async function runDaemon(args: string[], listenForLaunchers?: ListenForLaunchers): Promise<void> {
  const notify = args.includes("--notify");
  try {
    const unknown = args.find((argument) => argument !== "--notify");
    if (unknown !== undefined) throw invalidArgument(`unknown flag: ${unknown}`);
    await serve(listenForLaunchers, (socket) => {
      if (notify) print(JSON.stringify({ ready: true, socket }));
    });
    process.exit(0);
  } catch (error) {
    const message = errorChain(error);
    if (notify) print(JSON.stringify({ error: message, code: errorCode(error) }));
    log.error(message);
    process.exit(1);
  }
}

async function serve(
  listenForLaunchers: ListenForLaunchers | undefined,
  ready: (socket: string) => void,
): Promise<void> {
  const uid = process.getuid?.() ?? -1;
  if (uid === 0) throw new TboxError("forbidden", "tbox runs as an ordinary user, not as root");
  checkProcessLimits();
  // Users inside containers must be able to read their files; the store directory itself is closed to others.
  process.umask(0o022);
  const stopped = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopped.resolve(signal));
  const passed = takePassedSocket(process.env, process.pid);
  const environment = { ...process.env };
  // The runtime applies these variables to every fetch; the registry client decides about proxies itself.
  for (const name of Object.keys(process.env))
    if (/^(https?|all|no)_proxy$/i.test(name)) delete process.env[name];
  const config = await readConfig(environment, uid);
  setLogLevels(config.log, environment);
  process.on("SIGHUP", () => void reloadLogLevels(environment));
  await using engine = await openEngine(config);
  const { dataDirectory, runDirectory } = config;
  const forContainers = await engine.listenForContainers();
  await using daemon = await openDaemon({
    engine,
    dataDirectory,
    runDirectory,
    uid,
    passed,
    forContainers,
    listenForLaunchers,
  });
  ready(daemon.socketPath);
  log.info(`listening on ${daemon.socketPath}`);
  void daemon.shutdown.then(() => stopped.resolve("a client's request"));
  log.info(`ended by ${await Promise.race([stopped.promise, engine.failed])}`);
}

/** Applies the log levels of a changed configuration file; a file with an error changes nothing. */
async function reloadLogLevels(environment: Record<string, string | undefined>): Promise<void> {
  try {
    const { log: levels } = await readConfigFile(configPath(environment));
    setLogLevels(levels, environment);
    log.info(`log levels read again: ${environment.TBOX_LOG || levels || "info"}`);
  } catch (error) {
    log.error("read the log levels again", error);
  }
}

function print(line: string): void {
  try {
    writeSync(1, `${line}\n`);
  } catch {
    // The client that started the daemon may be gone; the daemon serves other clients.
  }
}
