import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

/** Content of the files in a container's directory, by name. */
export type DirectoryFiles = Record<string, string>;

/**
 * Directories of new containers, one of them created in advance. The next daemon deletes a directory without a record.
 */
export interface ContainerDirectories {
  /** Returns a new ID whose directory has these files, and the upper and work directories of the overlay. */
  take(files: (id: string) => DirectoryFiles): string;
}

/**
 * Milliseconds before the next directory is created, so that the work does not compete with a start for a processor.
 */
const preparationDelay = 20;

/** Opens the directories below `parent`. `defaultFiles` returns the files that most containers need. */
export function openContainerDirectories(
  parent: string,
  defaultFiles: (id: string) => DirectoryFiles,
): ContainerDirectories {
  let ready: { id: string; files: DirectoryFiles } | undefined;
  const prepare = () => {
    const id = randomBytes(32).toString("hex");
    const files = defaultFiles(id);
    createDirectory(`${parent}/${id}`, files);
    return { id, files };
  };
  let timer: Timer | undefined;
  const prepareNext = () => {
    try {
      ready ??= prepare();
    } catch {
      // The next `take` tries again and throws.
    }
  };
  return {
    take(filesOf) {
      const { id, files } = ready ?? prepare();
      ready = undefined;
      clearTimeout(timer);
      timer = setTimeout(prepareNext, preparationDelay);
      const directory = `${parent}/${id}`;
      try {
        const wanted = filesOf(id);
        for (const name in wanted)
          if (wanted[name] !== files[name]) writeFile(directory, name, wanted[name] ?? "");
      } catch (error) {
        rmSync(directory, { recursive: true, force: true });
        throw error;
      }
      return id;
    },
  };
}

function createDirectory(directory: string, files: DirectoryFiles): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
    // The upper directory becomes the root of the container, and users other than root must be able to traverse it.
    mkdirSync(`${directory}/upper`, { mode: 0o755 });
    mkdirSync(`${directory}/work`, { mode: 0o700 });
    // Collectors of logs look for the name that Docker gives to a log.
    symlinkSync("log/container.log", `${directory}/${basename(directory)}-json.log`);
    for (const name in files) writeFile(directory, name, files[name] ?? "");
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

function writeFile(directory: string, name: string, text: string): void {
  writeFileSync(`${directory}/${name}`, text, { mode: 0o644 });
}

export function containerDirectory({ store }: { store: string }, id: string): string {
  return `${store}/containers/${id}`;
}
