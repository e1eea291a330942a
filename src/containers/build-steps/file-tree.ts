import type { Tree } from "#native/protocol/launch.ts";
import type { DiffId } from "#oci/digest.ts";
import { layerPath } from "../state/layer-path.ts";

/**
 * Source of files for a build: layers, base first, or a directory of the host. With `identity` (`device:inode`), another
 * directory at the path is refused.
 */
export type FileTree = { layers: DiffId[] } | { directory: string; identity?: string };

/** Converts a file tree for the worker. */
export function planTree(tree: FileTree): Tree {
  if ("directory" in tree) {
    const { directory: path, identity } = tree;
    return { type: "directory", path, ...(identity === undefined ? {} : { identity }) };
  }
  return { type: "layers", diffIds: tree.layers.map(layerPath) };
}
