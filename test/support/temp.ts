import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

export interface TemporaryDirectory extends Disposable {
  path: string;
}

/** A directory of the test's own; disposing of it removes also what belongs to subordinate ids. */
export function temporaryDirectory(name: string): TemporaryDirectory {
  // Sockets lie in it: the name has to stay short.
  const path = mkdtempSync(`${tmpdir()}/tbox-${name}-`);
  return { path, [Symbol.dispose]: () => removeTree(path) };
}

/** Removes a tree with overlay work directories (mode 000) and files of subordinate ids in it. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    const remove = ["rm", "-rf", "--one-file-system", path];
    const { exitCode, stderr } = Bun.spawnSync(
      process.getuid?.() === 0 ? remove : ["unshare", "--map-root-user", "--map-auto", ...remove],
    );
    if (exitCode !== 0) throw new Error(`remove ${path}: ${stderr}`);
  }
}
