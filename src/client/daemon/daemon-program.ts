import { existsSync } from "node:fs";
import { builtFile } from "#native/addon/files.ts";
import type { Environment } from "#support/directories.ts";

/** Command and environment of a daemon. */
export interface DaemonProgram {
  command: string[];
  environment: Environment;
}

/** Returns the running program as a daemon: the compiled executable, or Bun with the main file. */
export function ownProgram(): DaemonProgram {
  const compiled = Bun.main.startsWith("/$bunfs/");
  const command = compiled ? [process.execPath] : [process.execPath, Bun.main];
  return { command, environment: process.env };
}

/**
 * Returns the program for a daemon in the background: the launcher, which executes this program and reports what prevents
 * the start of any Bun program, or Bun with the main file.
 */
export function daemonProgram(): DaemonProgram {
  const launcher = builtFile("tbox");
  const own = ownProgram();
  const compiled = own.command.length === 1;
  return compiled && existsSync(launcher) ? { ...own, command: [launcher] } : own;
}

/** Returns the path of the helper that this program starts. */
export function helperProgram(): string {
  return builtFile("tbox-helper");
}

/**
 * JavaScriptCore's thresholds for the daemon. A function call counts 15, an iteration of a loop counts 1. Functions are
 * compiled at the second call instead of the thirtieth and optimised at the seventh instead of the sixty-seventh, because a
 * start calls most functions only a few times. The last tier, whose compiler takes long, is left to long loops.
 */
export const compilerSettings = {
  BUN_JSC_thresholdForJITAfterWarmUp: "20",
  BUN_JSC_thresholdForJITSoon: "10",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "100",
  BUN_JSC_thresholdForOptimizeAfterLongWarmUp: "100",
  BUN_JSC_thresholdForOptimizeSoon: "100",
  BUN_JSC_thresholdForFTLOptimizeAfterWarmUp: "1000000",
};

/**
 * Variables that a daemon inherits from the shell that starts it: directories, the session bus, proxies and certificate
 * stores. Variables that change the behaviour of its runtime or libraries are not inherited.
 */
const inherited = new Set([
  "DBUS_SESSION_BUS_ADDRESS",
  "HOME",
  "LANG",
  "LOGNAME",
  "NODE_EXTRA_CA_CERTS",
  "PATH",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "TMPDIR",
  "TZ",
  "USER",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
]);

/** Returns the environment for a daemon that a client starts from the given one. */
export function daemonEnvironment(environment: Environment): Record<string, string> {
  const result: Record<string, string> = { ...compilerSettings };
  for (const [name, value] of Object.entries(environment)) {
    const wanted = inherited.has(name) || name.startsWith("TBOX_") || /^(https?|no|all)_proxy$/i.test(name);
    if (wanted && value !== undefined) result[name] = value;
  }
  return result;
}
