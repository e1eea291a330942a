import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostPlatform } from "#oci/platform.ts";
import { familiarName, withDefaultTag } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { openHostTree } from "#support/host-tree.ts";
import type { BuildEvent, BuildRequest } from "../builder.ts";
import { openReusableSteps } from "../cache/cache-images.ts";
import { type Context, openContext, readDockerfile } from "../context/open-context.ts";
import { openNamed } from "../context/open-named.ts";
import { openSource, type SourceOptions } from "../context/open-source.ts";
import type { readStages } from "../dockerfile/read-stages.ts";
import { checkStages } from "../lint/check-stages.ts";
import type { GlobalValues } from "../lint/lint-from.ts";
import { ownValue, type PlannedStages, planGlobals, planStages } from "../plan/plan-stages.ts";
import { isPredefined, platformArguments } from "../plan/platform-arguments.ts";
import type { BuilderServices } from "../services.ts";
import { recordOf } from "./build-record.ts";
import type { BuildRun } from "./build-run.ts";
import { classicSteps } from "./classic-steps.ts";
import { type FinishedImage, finishImage } from "./finish-image.ts";
import { readAndLint } from "./read-file.ts";
import { openSolver } from "./solve.ts";
import { inStageOrder, type StageOrder } from "./stage-order.ts";

/** Carries out one build and reports its progress. */
export async function buildImage(
  services: BuilderServices,
  request: BuildRequest,
  { emit, room }: Pick<BuildRun, "emit" | "room">,
): Promise<void> {
  const scratch = `${services.store}/build/work/${randomUUID()}`;
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  await using held = new AsyncDisposableStack();
  held.defer(() => services.discard(scratch));
  // A failed step aborts the others.
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const sources: SourceOptions = { services, request, held, scratch, signal, materials: [] };
  const { text, context } = await openInput(sources, emit);
  const { arguments: given, progress, platform = hostPlatform() } = request;
  const predefined = (stage: string) => platformArguments(hostPlatform(), platform, stage);
  const { read, lint } = readAndLint(text, {
    check: given.BUILDKIT_DOCKERFILE_CHECK,
    globals: (stages) => globalValues(stages, given, predefined("")),
    ignored: await context.ignores(),
    emit,
  });
  const steps = classicSteps(progress, { globals: read.globals, labels: request.labels });
  const planned = planStages(read, {
    arguments: given,
    predefined,
    target: request.target,
    steps,
    contexts: request.contexts,
  });
  const warn = () => warnAboutUnused([...Object.keys(given), ...(request.unsetArguments ?? [])], read, emit);
  // Docker's classic builder warns after the last step.
  if (progress !== "classic") warn();
  if (request.checkOnly) {
    lint.report(await checkStages(services, planned.stages, platform));
    emit({ type: "checked", findings: lint.count() });
    return;
  }
  const order = orderOf(request, planned, emit);
  steps.begin(emit, planned.total);
  const run: BuildRun = {
    services,
    request,
    planned,
    settings: { escapeMark: read.escapeMark, given, globals: planned.globals },
    context,
    lint,
    scratch,
    epoch: epochOf(request, given, planned.globals),
    signal,
    emit: order.emit,
    room,
    materials: sources.materials,
    requested: [],
    reusable: await openReusableSteps({ services, request, signal, emit }),
    openContext: (source) => openNamed(sources, source),
    filesOf: (source, lines) => solver.filesOf(source, lines),
  };
  const solver = openSolver(() => run);
  try {
    const stage = await solver.stage(planned.target);
    const image = await finishImage(run, stage);
    order.end();
    steps.end(emit, planned.total, image);
    if (progress === "classic") warn();
    emit({ type: "recorded", record: recordOf(stage, solver.built(), run) });
    emit(builtEvent(request, image));
  } finally {
    stop.abort(new TboxError("cancelled", "the build has ended"));
    await solver.ended();
    order.end();
    await services.layers.sync().catch(() => {});
  }
}

function globalValues(
  read: ReturnType<typeof readStages>,
  given: BuildRequest["arguments"],
  predefined: Record<string, string>,
): GlobalValues {
  const valuesOf = (some: typeof given) => planGlobals(read, { arguments: some }, predefined);
  return { defaults: valuesOf({}), values: valuesOf(given) };
}

function builtEvent({ tags }: BuildRequest, { id: image, existed }: FinishedImage): BuildEvent {
  return { type: "built", image, tags: tags.map((tag) => familiarName(withDefaultTag(tag))), existed };
}

/** Returns the order in which events are reported. */
function orderOf(
  { progress }: BuildRequest,
  { stages, target }: PlannedStages,
  emit: (event: BuildEvent) => void,
): StageOrder {
  return progress === "classic" ? inStageOrder(stages, target, emit) : { emit, end: () => {} };
}

/** Opens the context and reads the Dockerfile. */
async function openInput(
  options: SourceOptions,
  emit: (event: BuildEvent) => void,
): Promise<{ text: string; context: Context }> {
  const { services, request, held } = options;
  const { dockerfile: name } = request;
  const { directory, owned, text: onlyText, ignore } = await openSource(options, request.context);
  const tree = held.use(openHostTree(directory, { owned }));
  const text = request.dockerfileText ?? onlyText ?? (await readDockerfile(tree, name));
  emit({ type: "dockerfile", name, text });
  const known = services.digestCache(directory);
  return { text, context: openContext({ directory, tree, ignore }, name, { known, held }) };
}

type Values = BuildRequest["arguments"];

function epochOf(request: BuildRequest, given: Values, globals: Values): number | undefined {
  const text = request.epoch ?? ownValue(given, "SOURCE_DATE_EPOCH") ?? globals.SOURCE_DATE_EPOCH;
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  const fix = "give a number of seconds, such as $(git log -1 --format=%ct)";
  throw invalidArgument(`invalid SOURCE_DATE_EPOCH: ${JSON.stringify(text)}: ${fix}`);
}

function warnAboutUnused(
  given: string[],
  { globals, stages }: ReturnType<typeof readStages>,
  emit: (event: BuildEvent) => void,
): void {
  const instructions = [...globals, ...stages.flatMap((stage) => stage.instructions)];
  const declared = new Set(
    instructions.flatMap((one) => (one.kind === "arg" ? one.arguments.map(({ name }) => name) : [])),
  );
  const known = platformArguments(hostPlatform(), hostPlatform(), "");
  const unused = given.filter(
    (name) =>
      !declared.has(name) &&
      !isPredefined(name) &&
      !Object.hasOwn(known, name) &&
      name !== "SOURCE_DATE_EPOCH",
  );
  if (unused.length === 0) return;
  emit({ type: "warning", text: `One or more build-args [${unused.join(" ")}] were not consumed` });
}
