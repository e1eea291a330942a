import { AsyncLocalStorage } from "node:async_hooks";
import { runCli } from "#cli/main.ts";
import { findCommand } from "#cli/registry/find-command.ts";
import { findRemoteCallerBy, HandOver } from "#client/caller/remote-caller.ts";
import type { CommandServer } from "#daemon/server/local-api.ts";
import { openLog } from "#support/log.ts";
import { type CommandRequest, parseCommandRequest } from "./command-request.ts";
import { type DoorCaller, openDoorCaller } from "./door-caller.ts";
import { isSamePlace, ownPlace } from "./own-process.ts";

const log = openLog("api");
const callers = new AsyncLocalStorage<DoorCaller | undefined>();
const place = ownPlace();

findRemoteCallerBy(() => callers.getStore());

/** Runs a command line for a front door, or makes the front door execute the main program. */
export const serveCommand: CommandServer = async ({ body, socket, api }) => {
  const request = parseCommandRequest(body);
  using caller = openDoorCaller({
    request,
    socket,
    api,
    // What the daemon itself starts for the command outlives the command, so it must not keep its caller.
    enter: (context, run) => callers.run(context === "command" ? caller : undefined, run),
  });
  if (!isServed(request)) return caller.refuse();
  try {
    caller.exit(await callers.run(caller, () => runCli(request.argv)));
  } catch (error) {
    if (error instanceof HandOver) return caller.refuse();
    log.error("front door", error);
    caller.exit(125);
  }
};

function isServed(request: CommandRequest): boolean {
  return findCommand(request.argv)?.entry.remote === true && isSamePlace(request, place);
}
