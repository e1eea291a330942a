import { mkdirSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import type { FileTree } from "#containers/build-steps/file-tree.ts";
import type { TreeCopy, Workspace } from "#containers/build-steps/workspace.ts";
import type { DiffId } from "#oci/digest.ts";
import type { Listing } from "../context/listing.ts";
import { isPattern, type Selected, selectSource } from "../context/select.ts";
import { atLines } from "../dockerfile/dockerfile-error.ts";
import { heredocText } from "../dockerfile/heredoc.ts";
import type { Copy, Located } from "../dockerfile/instruction.ts";
import type { Heredoc } from "../dockerfile/statement.ts";
import { findSource } from "../plan/plan-stages.ts";
import type { BuildRun, StepPlace } from "../solve/build-run.ts";
import { digestSelection } from "./context-key.ts";
import { fromAddress, isAddress } from "./from-address.ts";

/** What a source of COPY or ADD stands for. */
export interface CopySource {
  /** What the result depends on. */
  key: unknown;
  /** Fetches what is not here, and tells what is to be copied. */
  open(): Promise<TreeCopy[]>;
}

export interface Search {
  place: StepPlace;
  target: string;
  workspace: () => Workspace;
}

export async function findSources(
  run: BuildRun,
  copy: Copy & Located,
  search: Search,
): Promise<CopySource[]> {
  const found: CopySource[] = [];
  const layers = await layersFor(run, copy, search.place);
  for (const [position, source] of copy.sources.entries()) {
    if (isAddress(source)) {
      found.push(await fromAddress(run, copy, source, { ...search, position }));
    } else if (layers) {
      found.push(...(await fromLayers(copy, source, { ...search, layers })));
    } else {
      found.push(...(await fromContext(run, copy, source, search)));
    }
  }
  for (const document of copy.documents) {
    found.push(fromDocument(run, document, search));
  }
  return found;
}

function fromDocument(run: BuildRun, document: Heredoc, { place, target }: Search): CopySource {
  const text = heredocText(document);
  const name = posix.basename(document.name);
  return {
    key: ["document", name, text],
    async open() {
      const directory = `${run.scratch}/documents-${place.number}`;
      mkdirSync(directory, { recursive: true });
      writeFileSync(`${directory}/${name}`, text, { mode: 0o644 });
      return [{ tree: { directory }, source: `/${name}`, target, skip: [], unpack: false }];
    },
  };
}

async function layersFor(
  run: BuildRun,
  { from, lines }: Copy & Located,
  { index }: StepPlace,
): Promise<DiffId[] | undefined> {
  if (from === undefined) return undefined;
  return run.filesOf(
    atLines(lines, () => findSource(from, run.planned.stages, index)),
    lines,
  );
}

async function fromContext(
  run: BuildRun,
  copy: Copy,
  source: string,
  { target }: Search,
): Promise<CopySource[]> {
  const listing = await run.context.list();
  const tree = { directory: run.context.directory };
  const selected = selectSource(listing, source, copy);
  return Promise.all(
    selected.map(async (one): Promise<CopySource> => {
      const planned = planCopy(copy, tree, one, target);
      const digest = await digestSelection(run.context, listing, { path: one.path, skip: new Set(one.skip) });
      // The name counts where it decides how the copy is called.
      const name = one.directory ? "" : posix.basename(one.path);
      return { key: ["context", digest, name, planned.target, planned.unpack], open: async () => [planned] };
    }),
  );
}

async function fromLayers(
  copy: Copy,
  source: string,
  { layers, target, workspace }: Search & { layers: DiffId[] },
): Promise<CopySource[]> {
  const tree: FileTree = { layers };
  const key = ["layers", layers, source, target, copy.parents, copy.exclude];
  const path = posix.join("/", source);
  if (!isPattern(source) && !copy.parents && copy.exclude.length === 0) {
    const unpack = unpacks(copy);
    const planned = { tree, source: path.replace(/\\(.)/g, "$1"), target, skip: [], unpack };
    return [{ key, open: async () => [planned] }];
  }
  const base = literalPart(source);
  const entries = await workspace().list(tree, `/${base}`);
  const listing: Listing = { entries: new Map(), ignored: [] };
  listing.entries.set("", { kind: "directory" });
  for (const { path: below, kind } of entries) listing.entries.set(posix.join(base, below), { kind });
  const selected = selectSource(listing, source, copy);
  return selected.map((one) => ({
    key: [...key, one.path],
    open: async () => [planCopy(copy, tree, one, target)],
  }));
}

/** The directories before the first part of a path with a wildcard. */
function literalPart(source: string): string {
  const parts = posix.join("/", source.replace("/./", "/")).split("/").slice(1);
  const first = parts.findIndex(isPattern);
  const literal = first < 0 ? parts : parts.slice(0, first);
  return literal.filter((part) => part !== "").join("/");
}

export function planCopy(copy: Copy, tree: FileTree, one: Selected, target: string): TreeCopy {
  const place = one.under === undefined ? target : posix.join(target, one.under);
  const directory = one.under !== undefined && one.directory && !place.endsWith("/");
  return {
    tree,
    source: `/${one.path}`,
    target: directory ? `${place}/` : place,
    skip: one.skip,
    unpack: !one.directory && unpacks(copy),
  };
}

function unpacks({ kind, unpack }: Copy): boolean {
  return unpack ?? kind === "add";
}
