import type { CreateContext } from "./create-body.ts";

/** Returns the context of this program. */
export async function createContext(options: { detach: boolean; tty: boolean }): Promise<CreateContext> {
  const size = options.tty ? (await import("../terminal/terminal.ts")).terminalSize() : undefined;
  return {
    environment: process.env,
    directory: process.cwd(),
    detach: options.detach,
    readEntries: async (path, kind) => (await import("../values/entry-file.ts")).readEntryFile(path, kind),
    ...(size === undefined ? {} : { consoleSize: [size.rows, size.columns] }),
  };
}
