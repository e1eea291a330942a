import type { CreateContext } from "./create-body.ts";

/** What a command line's container takes from the place where it is called. */
export async function createContext(options: { detach: boolean; tty: boolean }): Promise<CreateContext> {
  const size = options.tty ? (await import("../terminal/terminal.ts")).terminalSize() : undefined;
  return {
    environment: process.env,
    directory: process.cwd(),
    detach: options.detach,
    readEntries: async (path, kind) => (await import("./entry-file.ts")).readEntryFile(path, kind),
    ...(size === undefined ? {} : { consoleSize: [size.rows, size.columns] }),
  };
}
