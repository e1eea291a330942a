import { randomUUID } from "node:crypto";
import type { BuildRecord, BuildRequest } from "#builds/builder.ts";
import { formatPlatform, hostPlatform, type Platform } from "#oci/platform.ts";
import { familiarName, parseReference, withDefaultTag } from "#oci/reference.ts";
import { createAsyncQueue } from "#support/concurrency/async-queue.ts";
import { TboxError } from "#support/errors.ts";
import type { ControlState } from "../control/solve.ts";
import { exportCache } from "../export/export-cache.ts";
import { exportResult } from "../export/export-result.ts";
import { commonEpoch, type Exporter, parseExporter } from "../export/exporters.ts";
import type { ExportSource } from "../export/image-set.ts";
import { allOrNone } from "../frontend/all-or-none.ts";
import { annotationsFor } from "../frontend/annotations.ts";
import { readAttestations } from "../frontend/attestations.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { BuiltImage } from "../frontend/built-result.ts";
import { type CacheExportOption, readCacheExport } from "../frontend/cache-options.ts";
import type { SourceText } from "../progress/source-text.ts";
import type { CommandBuild, CommandEvent, CommandResult, TypedAttributes } from "./command-build.ts";
import { commandOutput } from "./command-client.ts";
import { type CommandProgress, openCommandProgress } from "./command-progress.ts";
import { commandContexts, commandOptions, importsOf } from "./command-sources.ts";
import { layoutDestination } from "./layout-directory.ts";
import type { PendingOutputs } from "./pending-outputs.ts";

type State = Pick<ControlState, "services" | "sessions" | "built"> & { pending: PendingOutputs };
type Emit = (event: CommandEvent) => void;

/** Carries out a build of `tbox build` with outputs, caches, named contexts or several platforms. */
export async function* buildForCommand(state: State, build: CommandBuild): AsyncGenerator<CommandEvent> {
  const queue = createAsyncQueue<CommandEvent>();
  const stop = new AbortController();
  const signal = AbortSignal.any([build.request.signal, stop.signal]);
  const request = { ...build.request, signal };
  const work = carryOut(state, { ...build, request }, queue.push);
  try {
    yield* queue.during(work);
  } finally {
    // A caller that stops reading cancels the build.
    stop.abort(new TboxError("cancelled", "the build was cancelled"));
    await work.catch(() => {});
  }
}

async function carryOut(state: State, build: CommandBuild, emit: Emit): Promise<void> {
  const { services, sessions, built, pending } = state;
  const { signal, credentials } = build.request;
  const exporters = build.outputs.map(({ type, attributes }) => parseExporter(type, attributes));
  const caches = build.cacheTo.map(readCacheExport);
  await using held = new AsyncDisposableStack();
  held.use(built.begin());
  const progress = openCommandProgress(emit);
  const scope: BuildScope = {
    services,
    sessions,
    built,
    session: "",
    output: commandOutput(pending, { credentials, emit, signal }),
    vertices: progress.vertices,
    results: new Map(),
    held,
    signal,
  };
  const images = await buildPlatforms(scope, built, { build, progress, exporters, caches });
  // A check has no result.
  if (images.length === 0) return;
  const source = { images, several: build.platforms.length > 1, invocation: randomUUID() };
  const exported = await exportAll(scope, built, { exporters, source });
  for (const [index, cache] of caches.entries()) {
    await exportToCache(scope, { cache, option: build.cacheTo[index], source });
  }
  emit(resultOf(build, images, exported));
}

async function buildPlatforms(
  scope: BuildScope,
  built: State["built"],
  {
    build,
    progress,
    exporters,
    caches,
  }: { build: CommandBuild; progress: CommandProgress; exporters: Exporter[]; caches: CacheExportOption[] },
): Promise<BuiltImage[]> {
  const { request, platforms } = build;
  const wanted = platforms.length === 0 ? [hostPlatform()] : platforms;
  const annotations = exporters.flatMap((one) => ("annotations" in one ? one.annotations : []));
  const imports = await importsOf(build.cacheFrom);
  const contexts = commandContexts(scope, build.contexts);
  const options = commandOptions(build);
  const { provenance } = readAttestations(options);
  const epoch = commonEpoch(exporters);
  const images = await allOrNone(scope.signal, wanted, async (platform, signal) => {
    const own: BuildRequest = {
      ...request,
      tags: [],
      platform,
      contexts: await contexts(platform),
      cacheFrom: { ...imports, only: false },
      annotations: annotationsFor(annotations, "manifest", platform),
      ...(epoch === undefined ? {} : { epoch }),
      inlineCache: request.inlineCache || caches.some(({ type }) => type === "inline"),
      signal,
    };
    return buildPlatform(scope, own, { progress, shown: wanted.length > 1 ? platform : undefined, platform });
  });
  for (const image of images.flatMap((one) => one ?? [])) {
    if (!image.existed) built.add(image.id);
    const locals = request.context.type === "remote" ? [] : ["context", "dockerfile"];
    scope.results.set(image.id, { ...image, options, locals, provenance });
  }
  return images.flatMap((one) => one ?? []);
}

async function buildPlatform(
  { services }: BuildScope,
  request: BuildRequest,
  {
    progress,
    shown,
    platform,
  }: { progress: CommandProgress; shown: Platform | undefined; platform: Platform },
): Promise<BuiltImage | undefined> {
  const started = Date.now();
  let source: SourceText | undefined;
  let record: BuildRecord | undefined;
  let image: BuiltImage | undefined;
  for await (const event of services.builder.build(request)) {
    progress.take(event, shown);
    if (event.type === "dockerfile") source = { name: event.name, text: event.text };
    if (event.type === "recorded") record = event.record;
    if (event.type === "built" && record) {
      const { image: id, existed } = event;
      image = { id, existed, platform, record, source, started, finished: Date.now() };
    }
  }
  return image;
}

async function exportAll(
  scope: BuildScope,
  built: State["built"],
  { exporters, source }: { exporters: Exporter[]; source: ExportSource },
): Promise<Map<string, string>> {
  const response = new Map<string, string>();
  for (const [index, exporter] of exporters.entries()) {
    for (const entry of await exportResult(scope, built, { exporter, index, source })) response.set(...entry);
  }
  return response;
}

/** Exports a cache; names it in the index of its directory. */
async function exportToCache(
  scope: BuildScope,
  {
    cache,
    option,
    source,
  }: { cache: CacheExportOption; option: TypedAttributes | undefined; source: ExportSource },
): Promise<void> {
  const manifest = (await exportCache(scope, cache, source)).get("cache.manifest");
  if (cache.type !== "local" || manifest === undefined) return;
  const directory = cache.store.replace(/^local:/, "");
  await layoutDestination(directory).name(JSON.parse(manifest), option?.attributes.get("tag") ?? "latest");
}

function resultOf(
  { request, platforms }: CommandBuild,
  images: BuiltImage[],
  exported: Map<string, string>,
): CommandResult {
  const host = formatPlatform(hostPlatform());
  const own = images.find(({ platform }) => formatPlatform(platform) === host) ?? images[0];
  const tags = request.tags.map((tag) => familiarName(withDefaultTag(parseReference(familiarName(tag)))));
  const several = platforms.length > 1;
  const top = exported.get("containerimage.digest");
  return {
    type: "built",
    image: (several ? top : own?.id) ?? own?.id ?? "",
    tags,
    existed: images.every(({ existed }) => existed),
    exported: Object.fromEntries(exported),
  };
}
