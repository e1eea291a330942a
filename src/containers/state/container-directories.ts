import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";

/** Files of a container's directory by name. */
export type DirectoryFiles = Record<string, string>;

/** Makes the directories of containers, the next one ahead of need. The first daemon to come sweeps away one that was not taken. */
export interface ContainerDirectories {
  /** An ID whose directory has the upper and work directories of the overlay and these files. */
  take(files: (id: string) => DirectoryFiles): string;
}

/** Milliseconds after which the next directory is made: a start is not to share a processor with it. */
const delay = 20;

/** `parent` is where the directories lie; `usualFiles` are those most containers have. */
export function openContainerDirectories(
  parent: string,
  usualFiles: (id: string) => DirectoryFiles,
): ContainerDirectories {
  let ready: { id: string; files: DirectoryFiles } | undefined;
  const prepare = () => {
    const id = randomBytes(32).toString("hex");
    const files = usualFiles(id);
    makeDirectory(`${parent}/${id}`, files);
    return { id, files };
  };
  let timer: Timer | undefined;
  const prepareNext = () => {
    try {
      ready ??= prepare();
    } catch {
      // A full disk is told to whoever wants a container.
    }
  };
  return {
    take(filesOf) {
      const { id, files } = ready ?? prepare();
      ready = undefined;
      clearTimeout(timer);
      timer = setTimeout(prepareNext, delay);
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

function makeDirectory(directory: string, files: DirectoryFiles): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
    // The upper directory is the container's root: others than its root user must get through it.
    mkdirSync(`${directory}/upper`, { mode: 0o755 });
    mkdirSync(`${directory}/work`, { mode: 0o700 });
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
