import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync } from "node:fs";
import { runCli } from "#cli/main.ts";
import { findCommand } from "#cli/registry/find-command.ts";
import { findRemoteCallerBy, HandOver } from "#client/caller/remote-caller.ts";
import { currentContextFile, hasCurrentContext } from "#client/contexts/current-context.ts";
import type { LocalApi } from "#daemon/server/local-api.ts";
import { dataDirectory } from "#support/directories.ts";
import { openLog } from "#support/log.ts";
import { type CommandRequest, parseCommandRequest } from "./command-request.ts";
import { type LauncherCaller, openLauncherCaller } from "./launcher-caller.ts";
import type { LauncherConnection } from "./launcher-connection.ts";
import { isSamePlace, ownPlace } from "./own-process.ts";

const log = openLog("api");
const callers = new AsyncLocalStorage<LauncherCaller | undefined>();
const place = ownPlace();

findRemoteCallerBy(() => callers.getStore());

/**
 * Runs a command line for a launcher, or makes the launcher execute the main program. Returns the receiver of the
 * launcher's next frames.
 */
export function serveCommand(
  body: Uint8Array,
  connection: LauncherConnection,
  api: LocalApi,
): LauncherCaller["receive"] {
  const request = parseCommandRequest(body);
  const caller: LauncherCaller = openLauncherCaller({
    request,
    connection,
    api,
    // Work that the daemon starts for the command outlives the command, so it must not keep the caller.
    enter: (context, run) => callers.run(context === "command" ? caller : undefined, run),
  });
  void serve(request, caller);
  return caller.receive;
}

async function serve(request: CommandRequest, caller: LauncherCaller): Promise<void> {
  using _ = caller;
  if (!isServed(request)) return caller.refuse();
  try {
    caller.exit(await callers.run(caller, () => runCli(request.argv)));
  } catch (error) {
    if (error instanceof HandOver) return caller.refuse();
    log.error("launcher", error);
    caller.exit(125);
  }
}

function isServed(request: CommandRequest): boolean {
  return (
    findCommand(request.argv)?.entry.remote === true &&
    isSamePlace(request, place) &&
    namesOwnStore(request) &&
    // With a current context, the command is for another daemon.
    !(existsSync(currentContextFile(request.environment)) && hasCurrentContext(request.environment))
  );
}

/** Returns whether the caller names no other store. The main program reports a wrong one. */
function namesOwnStore({ environment }: CommandRequest): boolean {
  const named = environment.TBOX_DATA_DIR ?? "";
  return named === "" || named === dataDirectory(process.env);
}
