import { invalidArgument, TboxError } from "#support/errors.ts";
import { cacheKey } from "../cache/build-cache.ts";
import { DockerfileError } from "../dockerfile/dockerfile-error.ts";
import { expandWord } from "../dockerfile/expand.ts";
import type { Copy, Located } from "../dockerfile/instruction.ts";
import { expander, fromWorkingDirectory } from "../plan/apply-setting.ts";
import { ownValue } from "../plan/plan-stages.ts";
import type { StageState } from "../plan/stage-state.ts";
import type { BuildRun, StepContext, StepResult } from "../solve/build-run.ts";
import { checkMode } from "./check-mode.ts";
import { findSources } from "./copy-sources.ts";
import { ensureLayer } from "./ensure-layer.ts";
import { isAddress } from "./from-address.ts";

/** Carries out COPY or ADD: copies files of the context, stages, images and addresses into a new layer. */
export function copyFiles(
  run: BuildRun,
  stage: StageState,
  instruction: Copy & Located,
  step: StepContext,
): Promise<StepResult> {
  return withPrefix(instruction.kind, () => copyInto(run, stage, instruction, step));
}

async function copyInto(
  run: BuildRun,
  stage: StageState,
  instruction: Copy & Located,
  step: StepContext,
): Promise<StepResult> {
  const copy = expandCopy(run, stage, instruction);
  const target = fromWorkingDirectory(stage, copy.destination);
  const lowers = copy.link ? [] : stage.diffIds;
  // A workspace lists the files of layers for patterns.
  using workspaces = new DisposableStack();
  const workspace = () => workspaces.use(run.services.containers.builds.openWorkspace(lowers));
  const sources = await findSources(run, copy, { step, target, workspace });
  const classic = run.request.progress === "classic";
  if (classic && sources.length === 0) throw invalidArgument("no source files were specified");
  if (classic && sources.length > 1 && !target.endsWith("/")) {
    const rule = "the destination must be a directory and end with a /";
    throw invalidArgument(`When using ${copy.kind.toUpperCase()} with more than one source file, ${rule}`);
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
    ...(classic ? ["replaces"] : []),
  ]);
  return await ensureLayer(run, stage, {
    key,
    createdBy: historyText(copy),
    async create() {
      const copies = (await Promise.all(sources.map((one) => one.open()))).flat();
      using opened = run.services.containers.builds.openWorkspace(lowers);
      await opened.copy(copies, {
        owner,
        ...(chmod === "" ? {} : { mode: chmod }),
        // Docker's classic builder lets a directory and a file replace each other; BuildKit refuses.
        ...(classic ? { replaces: true } : {}),
      });
      const latest = run.epoch === undefined ? {} : { latest: run.epoch };
      return await run.services.layers.commitUpper(opened.upper, link ? { ...latest, merge: true } : latest);
    },
  });
}

/** Adds Docker's prefix to an error: `COPY failed: …`. */
async function withPrefix<T>(kind: Copy["kind"], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TboxError) || error instanceof DockerfileError) throw error;
    throw new TboxError(error.code, `${kind.toUpperCase()} failed`, { cause: error });
  }
}

/** Expands the variables of an instruction and checks its flags. */
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
    throw invalidArgument("checksum can't be specified for multiple sources");
  }
  if (expanded.checksum !== "" && !isAddress(expanded.sources[0] ?? "")) {
    throw invalidArgument("checksum requires HTTP(S) or Git sources");
  }
  return expanded;
}

/** Returns the owner of the copies. Files from a stage or an image keep their owners. */
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
