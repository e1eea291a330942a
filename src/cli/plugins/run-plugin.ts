import { accessSync, constants } from "node:fs";
import { constants as systemConstants } from "node:os";
import { dockerConfigPath } from "#client/credentials/docker-config.ts";
import { connectDaemon } from "#client/daemon/connect.ts";
import { daemonSocket } from "#client/daemon/socket-path.ts";
import { failureMessage } from "../output/failure.ts";
import { printError } from "../output/output.ts";
import { knownPlugins } from "./known-plugins.ts";

/** Directories in which Docker's packages install plugins. */
const systemDirectories = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"];

/**
 * Runs `docker-NAME`, a plugin of Docker's command line, with the address of the daemon in DOCKER_HOST. Starts the daemon if
 * none runs. Returns the plugin's exit status, or undefined if no such plugin is installed and none is known.
 */
export async function runPlugin(name: string, args: string[]): Promise<number | undefined> {
  const path = findPlugin(name);
  const known = Object.hasOwn(knownPlugins, name) ? knownPlugins[name] : undefined;
  if (path === undefined) {
    if (known === undefined) return undefined;
    printError(
      `tbox ${name} runs Docker's plugin docker-${name}, which is not installed: install ${known.package}`,
    );
    return 1;
  }
  try {
    (await connectDaemon()).close();
    const { path: socket } = await daemonSocket();
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: "tbox",
    };
    return await run([path, name, ...args], env);
  } catch (error) {
    printError(failureMessage(error));
    return 1;
  }
}

/** Runs a program in the foreground. Signals of the terminal reach the program itself. */
async function run(command: string[], environment: Record<string, string | undefined>): Promise<number> {
  const { DOCKER_CONTEXT: _, ...env } = environment;
  const child = Bun.spawn(command, { env, stdio: ["inherit", "inherit", "inherit"] });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  await child.exited;
  const { signalCode } = child;
  return typeof signalCode === "string" ? 128 + systemConstants.signals[signalCode] : (child.exitCode ?? 1);
}

/** Finds an executable plugin in the directories of Docker's client. */
function findPlugin(name: string): string | undefined {
  if (!/^[a-z][a-z0-9]*$/.test(name)) return undefined;
  const own = dockerConfigPath(process.env).replace(/\/config\.json$/, "");
  const directories = [own, ...systemDirectories.map((directory) => `${directory}/docker`)];
  const paths = directories.map((directory) => `${directory}/cli-plugins/docker-${name}`);
  return paths.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
