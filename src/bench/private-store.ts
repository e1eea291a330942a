import { mkdirSync } from "node:fs";
import { output } from "./output.ts";
import { ownCommand } from "./own-command.ts";

/** A daemon with a store of its own, so that a benchmark leaves nothing in the user's. */
export interface PrivateStore extends Disposable {
  /** Environment with which tbox uses this store. */
  environment: Record<string, string | undefined>;
}

/** Starts a daemon with an empty store below a new directory. Stops it and removes the directory on disposal. */
export function openPrivateStore(directory: string): PrivateStore {
  const environment = {
    ...process.env,
    DOCKER_HOST: undefined,
    TBOX_DATA_DIR: `${directory}/data`,
    TBOX_RUN_DIR: `${directory}/run`,
  };
  for (const part of ["", "/data", "/run"]) mkdirSync(`${directory}${part}`, { mode: 0o700 });
  output(ownCommand("version"), { environment });
  return {
    environment,
    [Symbol.dispose]() {
      output(ownCommand("daemon", "stop"), { environment });
      removeTree(directory);
    },
  };
}

/** Removes a tree; its files may belong to subordinate ids. */
export function removeTree(path: string): void {
  output(["unshare", "--map-root-user", "--map-auto", "rm", "-rf", path]);
}
