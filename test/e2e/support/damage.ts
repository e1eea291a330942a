import { lstatSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { loadBox, loadShell } from "./images.ts";

/** Kind of damage to a file. */
export type Damage = "removed" | "truncated" | "garbled";

export const damages: Damage[] = ["removed", "truncated", "garbled"];

/** Damages a file. Sockets and links can only be removed. */
export function applyDamage(path: string, damage: Damage): void {
  if (damage === "removed" || !lstatSync(path).isFile()) rmSync(path);
  else if (damage === "truncated") truncateSync(path, Math.floor(lstatSync(path).size / 2));
  else writeFileSync(path, garble(readFileSync(path)));
}

function garble(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index % 7 === 3 ? byte ^ 0x55 : byte));
}

/** Starts a daemon with the images `box:1` and `own:1`, which has a file `/own`, and a network `net`. */
export async function startDaemonWithObjects(): Promise<TestDaemon> {
  const daemon = await startDaemon();
  await loadBox(daemon);
  await loadShell(daemon, "own:1", {}, [{ path: "own", content: "own" }]);
  await daemon.printed("network", "create", "net");
  return daemon;
}

/** Copies a store over another one. The kernel creates the work directories of overlays without any permission. */
export async function copyStore(from: string, to: string): Promise<void> {
  await Bun.$`chmod -f 700 ${from}/containers/*/work/work`.nothrow().quiet();
  // The trash has such directories of removed containers.
  await Bun.$`chmod -Rf u+rwx ${to}`.nothrow().quiet();
  rmSync(to, { recursive: true, force: true });
  await Bun.$`cp -a ${from} ${to}`.quiet();
}

/** Returns the files, sockets and links of a store, but only one of each layer and volume, and one of the reserve's equal files. */
export function filesOf(root: string): string[] {
  const trees = new Set<string>();
  // Directories of the kernel cannot be read.
  const found = Bun.spawnSync(["find", root, "!", "-type", "d", "-printf", "%P\\n"], { stderr: "ignore" });
  return found.stdout
    .toString()
    .trimEnd()
    .split("\n")
    .sort()
    .filter((path) => {
      const [tree] =
        /^(layers\/[^/]+\/[^/]+\/|volumes\/[^/]+\/_data\/|reserve\/entry-|base\/)/.exec(path) ?? [];
      if (tree === undefined) return true;
      const isFirst = !trees.has(tree);
      trees.add(tree);
      return isFirst;
    });
}
