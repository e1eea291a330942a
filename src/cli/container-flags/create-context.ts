import { needOwnProcess, userDirectory, userEnvironment } from "#client/caller/remote-caller.ts";
import type { CreateContext } from "./create-body.ts";

/** Returns the context of the user's process. */
export async function createContext(options: { detach: boolean; tty: boolean }): Promise<CreateContext> {
  // Only the process with the terminal knows its size.
  if (options.tty) needOwnProcess();
  const size = options.tty ? (await import("../terminal/terminal.ts")).terminalSize() : undefined;
  return {
    environment: userEnvironment(),
    directory: userDirectory(),
    detach: options.detach,
    async readEntries(path, kind) {
      needOwnProcess();
      return (await import("../values/entry-file.ts")).readEntryFile(path, kind);
    },
    async readProfile(path) {
      needOwnProcess();
      return (await import("../values/profile-file.ts")).readProfileFile(path);
    },
    ...(size === undefined ? {} : { consoleSize: [size.rows, size.columns] }),
  };
}
