import { mkdirSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import type { FileTree } from "#containers/build-steps/file-tree.ts";
import type { DiffId } from "#oci/digest.ts";
import { type ListedFile, listingOf } from "../context/listing.ts";
import { isPattern, parentsOf, selectSource } from "../context/select.ts";
import { atLines } from "../dockerfile/dockerfile-error.ts";
import { heredocText } from "../dockerfile/heredoc.ts";
import type { Copy, Located } from "../dockerfile/instruction.ts";
import type { Heredoc } from "../dockerfile/statement.ts";
import { findSource } from "../plan/plan-stages.ts";
import type { BuildRun, StepContext } from "../solve/build-run.ts";
import { type CopyContext, type CopySource, planCopy, unpacksArchives } from "./copy-source.ts";
import { fromAddress, isAddress } from "./from-address.ts";

/** Resolves the sources of COPY or ADD: files of the context or of layers, addresses, and here-documents. */
export async function findSources(
  run: BuildRun,
  copy: Copy & Located,
  context: CopyContext,
): Promise<CopySource[]> {
  const found: CopySource[] = [];
  const layers = await layersFor(run, copy, context.step);
  for (const [position, source] of copy.sources.entries()) {
    if (isAddress(source)) {
      found.push(await fromAddress(run, copy, source, { ...context, position }));
    } else if (layers) {
      found.push(...(await fromLayers(copy, source, { ...context, layers })));
    } else {
      found.push(...(await fromContext(run, copy, source, context)));
    }
  }
  for (const document of copy.documents) {
    found.push(fromDocument(run, document, context));
  }
  return found;
}

function fromDocument(run: BuildRun, document: Heredoc, { step, target }: CopyContext): CopySource {
  const text = heredocText(document);
  const name = posix.basename(document.name);
  return {
    key: ["document", name, text],
    async open() {
      const directory = `${run.scratch}/documents-${step.number}`;
      mkdirSync(directory, { recursive: true });
      writeFileSync(`${directory}/${name}`, text, { mode: 0o644 });
      return [{ tree: { directory }, source: `/${name}`, target, skip: [], unpack: false }];
    },
  };
}

async function layersFor(
  run: BuildRun,
  { from, lines }: Copy & Located,
  { index }: StepContext,
): Promise<DiffId[] | undefined> {
  if (from === undefined) return undefined;
  return run.filesOf(
    atLines(lines, () => findSource(from, run.planned, index)),
    lines,
  );
}

async function fromContext(
  run: BuildRun,
  copy: Copy,
  source: string,
  { target }: CopyContext,
): Promise<CopySource[]> {
  const listing = await run.context.list();
  const tree = run.context.files;
  const selected = selectSource(listing, source, copy);
  return Promise.all(
    selected.map(async (one): Promise<CopySource> => {
      const planned = planCopy(copy, tree, one, target);
      const digest = await listing.digest(one.real, one.skip);
      // The copy can take the name of the file, so the name is part of the key.
      const name = one.directory ? "" : posix.basename(one.path);
      return { key: ["context", digest, name, planned.target, planned.unpack], open: async () => [planned] };
    }),
  );
}

async function fromLayers(
  copy: Copy,
  source: string,
  { layers, target, workspace }: CopyContext & { layers: DiffId[] },
): Promise<CopySource[]> {
  const tree: FileTree = { layers };
  const key = ["layers", layers, source, target, copy.parents, copy.exclude];
  const path = posix.join("/", source);
  if (!isPattern(source) && !copy.parents && copy.exclude.length === 0) {
    const unpack = unpacksArchives(copy);
    const planned = { tree, source: path.replace(/\\(.)/g, "$1"), target, skip: [], unpack };
    return [{ key, open: async () => [planned] }];
  }
  const base = literalPart(source);
  const entries = await workspace().list(tree, `/${base}`);
  const found = new Map<string, ListedFile>();
  for (const parent of ["", ...parentsOf(base)]) found.set(parent, { kind: "directory" });
  for (const { path: below, kind } of entries) {
    found.set([base, below].filter((part) => part !== "").join("/"), { kind });
  }
  const selected = selectSource(listingOf(found), source, copy);
  return selected.map((one) => ({
    key: [...key, one.path],
    open: async () => [planCopy(copy, tree, one, target)],
  }));
}

/** Returns the directories of a path before its first part with a wildcard. */
function literalPart(source: string): string {
  const parts = posix.join("/", source.replace("/./", "/")).split("/").slice(1);
  const first = parts.findIndex(isPattern);
  const literal = first < 0 ? parts : parts.slice(0, first);
  return literal.filter((part) => part !== "").join("/");
}
