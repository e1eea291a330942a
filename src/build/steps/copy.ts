import { mkdirSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import type { FileTree, TreeCopy, Workspace } from "#containers/steps.ts";
import type { DiffId } from "#oci/digest.ts";
import { TboxError } from "#support/errors.ts";
import type { BuildRun, StepPlace, StepResult } from "../build-run.ts";
import { cacheKey } from "../cache.ts";
import type { Listing } from "../context/listing.ts";
import { isPattern, type Selected, selectSource } from "../context/select.ts";
import { atLines, DockerfileError } from "../dockerfile/dockerfile-error.ts";
import { expandWord } from "../dockerfile/expand.ts";
import { heredocText } from "../dockerfile/heredoc.ts";
import type { Copy, Located } from "../dockerfile/instruction.ts";
import { expander, fromWorkingDirectory } from "../plan/apply-setting.ts";
import { findSource, ownValue } from "../plan/plan-stages.ts";
import type { StageState } from "../plan/stage-state.ts";
import { checkMode } from "./check-mode.ts";
import { digestSelection } from "./context-key.ts";
import { type Download, download, isAddress } from "./download.ts";
import { makeLayer } from "./make-layer.ts";

/** COPY and ADD: files of the context, of stages, images and addresses into a layer. */
export function copyFiles(
  run: BuildRun,
  stage: StageState,
  instruction: Copy & Located,
  place: StepPlace,
): Promise<StepResult> {
  return named(instruction.kind, () => copyInto(run, stage, instruction, place));
}

async function copyInto(
  run: BuildRun,
  stage: StageState,
  instruction: Copy & Located,
  place: StepPlace,
): Promise<StepResult> {
  const copy = expandCopy(run, stage, instruction);
  const target = fromWorkingDirectory(stage, copy.destination);
  const lowers = copy.link ? [] : stage.diffIds;
  // Where patterns are to be matched in layers, those are looked at in here.
  using workspaces = new DisposableStack();
  const workspace = () => workspaces.use(run.workshop.containers.openWorkspace(lowers));
  const sources = await findSources(run, copy, { place, target, workspace });
  if (sources.length > 1 && !target.endsWith("/")) {
    const rule = "the destination must be a directory and end with a /";
    throw new TboxError(
      "invalid-argument",
      `When using ${copy.kind.toUpperCase()} with more than one source file, ${rule}`,
    );
  }
  const owner = ownerOf(copy);
  const { chmod, link } = copy;
  const key = cacheKey([
    "copy",
    lowers,
    sources.map((one) => one.key),
    target,
    owner,
    chmod,
    run.epoch ?? null,
  ]);
  return await makeLayer(run, stage, {
    key,
    createdBy: historyText(copy),
    async make() {
      const copies = sources.flatMap((one) => one.copies);
      using opened = run.workshop.containers.openWorkspace(lowers);
      await opened.copy(copies, { owner, ...(chmod === "" ? {} : { mode: chmod }) });
      const latest = run.epoch === undefined ? {} : { latest: run.epoch };
      return await run.workshop.layers.keep(opened.upper, link ? { ...latest, merge: true } : latest);
    },
  });
}

/** A failure as Docker tells of it: `COPY failed: …`. */
async function named<T>(kind: Copy["kind"], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TboxError) || error instanceof DockerfileError) throw error;
    throw new TboxError(error.code, `${kind.toUpperCase()} failed`, { cause: error });
  }
}

/** The instruction with its variables put in. */
function expandCopy(run: BuildRun, stage: StageState, copy: Copy & Located): Copy & Located {
  const expand = expander(stage, run.settings);
  const lookup = (name: string) => ownValue(stage.environment, name);
  const expanded = {
    ...copy,
    sources: copy.sources.map(expand),
    destination: expand(copy.destination),
    chown: expand(copy.chown),
    chmod: expand(copy.chmod),
    checksum: expand(copy.checksum),
    exclude: copy.exclude.map(expand),
    documents: copy.documents.map((document) =>
      document.expand
        ? { ...document, content: expandWord(document.content, lookup, { ignoreQuotes: true }) }
        : document,
    ),
  };
  checkMode(expanded.chmod);
  if (expanded.checksum !== "" && expanded.sources.length + expanded.documents.length !== 1) {
    throw new TboxError("invalid-argument", "checksum can't be specified for multiple sources");
  }
  if (expanded.checksum !== "" && !isAddress(expanded.sources[0] ?? "")) {
    throw new TboxError("invalid-argument", "checksum requires HTTP(S) or Git sources");
  }
  return expanded;
}

interface CopySource {
  key: unknown;
  copies: TreeCopy[];
}

interface Search {
  place: StepPlace;
  target: string;
  workspace: () => Workspace;
}

async function findSources(run: BuildRun, copy: Copy & Located, search: Search): Promise<CopySource[]> {
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
    const directory = `${run.scratch}/documents-${search.place.number}`;
    mkdirSync(directory, { recursive: true });
    const text = heredocText(document);
    const name = posix.basename(document.name);
    writeFileSync(`${directory}/${name}`, text, { mode: 0o644 });
    const tree = { directory };
    found.push({
      key: ["document", name, text],
      copies: [{ tree, source: `/${name}`, target: search.target, skip: [], unpack: false }],
    });
  }
  return found;
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
      return { key: ["context", digest, name, planned.target, planned.unpack], copies: [planned] };
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
    return [{ key, copies: [{ tree, source: path.replace(/\\(.)/g, "$1"), target, skip: [], unpack }] }];
  }
  const base = literalPart(source);
  const entries = await workspace().list(tree, `/${base}`);
  const listing: Listing = { entries: new Map(), ignored: [] };
  listing.entries.set("", { kind: "directory" });
  for (const { path: below, kind } of entries) listing.entries.set(posix.join(base, below), { kind });
  const selected = selectSource(listing, source, copy);
  return selected.map((one) => ({ key: [...key, one.path], copies: [planCopy(copy, tree, one, target)] }));
}

/** The directories before the first part of a path with a wildcard. */
function literalPart(source: string): string {
  const parts = posix.join("/", source.replace("/./", "/")).split("/").slice(1);
  const first = parts.findIndex(isPattern);
  const literal = first < 0 ? parts : parts.slice(0, first);
  return literal.filter((part) => part !== "").join("/");
}

async function fromAddress(
  run: BuildRun,
  copy: Copy,
  source: string,
  { place, target, position }: Search & { position: number },
): Promise<CopySource> {
  if (copy.kind === "copy") throw new TboxError("invalid-argument", "source can't be a URL for COPY");
  const directory = `${run.scratch}/download-${place.number}-${position}`;
  const fetched: Download = await download(source, {
    directory,
    checksum: copy.checksum,
    signal: run.signal,
  });
  const unpack = copy.unpack ?? false;
  return {
    key: ["address", fetched.digest, fetched.name, unpack],
    copies: [{ tree: { directory }, source: `/${fetched.name}`, target, skip: [], unpack }],
  };
}

function planCopy(copy: Copy, tree: FileTree, one: Selected, target: string): TreeCopy {
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

/** What comes from a stage keeps its owners. */
function ownerOf({ chown, from }: Copy) {
  if (chown !== "") return { type: "named" as const, name: chown };
  return from === undefined ? { type: "root" as const } : { type: "kept" as const };
}

function historyText({ kind, parents, chown, chmod, sources, documents, destination }: Copy): string {
  const words = [
    ...(parents ? ["--parents"] : []),
    ...(chown === "" ? [] : [`--chown=${chown}`]),
    ...(chmod === "" ? [] : [`--chmod=${chmod}`]),
    ...sources,
    ...documents.map(({ name }) => `<<${name}`),
    destination,
  ];
  return `${kind.toUpperCase()} ${words.join(" ")} # buildkit`;
}
