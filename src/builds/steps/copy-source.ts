import { posix } from "node:path";
import type { FileTree } from "#containers/build-steps/file-tree.ts";
import type { TreeCopy, Workspace } from "#containers/build-steps/workspace.ts";
import type { Selected } from "../context/select.ts";
import type { Copy } from "../dockerfile/instruction.ts";
import type { StepContext } from "../solve/build-run.ts";

/** A resolved source of COPY or ADD. */
export interface CopySource {
  /** Everything that the result depends on. */
  key: unknown;
  /** Downloads missing files and returns the copies to make. */
  open(): Promise<TreeCopy[]>;
}

/** Inputs for resolving sources. */
export interface CopyContext {
  step: StepContext;
  target: string;
  /** Opens a workspace in which layers can be listed. */
  workspace: () => Workspace;
}

export function planCopy(copy: Copy, tree: FileTree, one: Selected, target: string): TreeCopy {
  const path = one.under === undefined ? target : posix.join(target, one.under);
  const directory = one.under !== undefined && one.directory && !path.endsWith("/");
  return {
    tree,
    source: `/${one.path}`,
    target: directory ? `${path}/` : path,
    skip: one.skip,
    unpack: !one.directory && unpacksArchives(copy),
  };
}

export function unpacksArchives({ kind, unpack }: Copy): boolean {
  return unpack ?? kind === "add";
}
