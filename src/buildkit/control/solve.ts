import { exportCache } from "../export/export-cache.ts";
import { exportResult } from "../export/export-result.ts";
import { parseExporters } from "../export/exporters.ts";
import { type BuildServices, sessionScope } from "../frontend/build-scope.ts";
import type { BuiltImages } from "../frontend/built-images.ts";
import { readCacheExport } from "../frontend/cache-options.ts";
import { imagesOfResult } from "../frontend/reference.ts";
import { runFrontend } from "../frontend/run-frontend.ts";
import { GrpcError, statusCode } from "../grpc/grpc-error.ts";
import { openVertices } from "../progress/vertices.ts";
import type { SolveRequest } from "../protocol/control.ts";
import type { BridgeResult } from "../protocol/gateway.ts";
import type { Sessions } from "../sessions/session.ts";
import type { Job, Jobs, Returned } from "./jobs.ts";
import { readSolveSettings } from "./settings.ts";

export interface ControlState {
  services: BuildServices;
  sessions: Sessions;
  jobs: Jobs;
  built: BuiltImages;
}

/** Carries out `Control.Solve`: runs the front end, here or in the client, and exports its result. */
export async function solve(
  state: ControlState,
  request: SolveRequest,
  called: AbortSignal,
): Promise<Map<string, string>> {
  const { services, sessions, jobs, built } = state;
  const { exporters, caches, settings } = readRequest(request, jobs);
  const log = jobs.log(request.ref);
  await using held = new AsyncDisposableStack();
  const stop = new AbortController();
  held.defer(() => stop.abort(new GrpcError(statusCode.cancelled, "the build has ended")));
  const signal = AbortSignal.any([called, stop.signal]);
  const vertices = openVertices(log);
  const results = new Map();
  const scope = sessionScope({
    services,
    sessions,
    built,
    session: request.session,
    vertices,
    results,
    held,
    signal,
  });
  const { promise: returned, resolve: finish } = Promise.withResolvers<Returned>();
  held.use(built.begin());
  held.use(jobs.add(request.ref, { scope, settings, finish, returned }));
  const job: Job = { scope, settings, finish, returned };
  const result = await resultOf(state, request, job);
  const response = new Map<string, string>();
  const source = { ...imagesOfResult(result), invocation: request.ref };
  for (const [index, exporter] of exporters.entries()) {
    const added = await exportResult(scope, built, { exporter, index, source });
    for (const [key, value] of added) response.set(key, value);
  }
  for (const cache of caches) {
    for (const [key, value] of await exportCache(scope, cache, source)) response.set(key, value);
  }
  return response;
}

/** Reads a request. The calls of the client that wait for its build end with the error of a request that is refused. */
function readRequest(request: SolveRequest, jobs: Jobs) {
  try {
    const exporters = parseExporters(request);
    const caches = (request.cache?.exports ?? []).map(readCacheExport);
    return { exporters, caches, settings: readSolveSettings(request, { exporters, caches }) };
  } catch (error) {
    jobs.refuse(request.ref, error);
    throw error;
  }
}

async function resultOf(state: ControlState, request: SolveRequest, job: Job): Promise<BridgeResult> {
  if (request.frontend !== "") {
    const { frontend, frontendAttributes: options, frontendInputs: inputs } = request;
    return runFrontend(
      job.scope,
      { frontend, options, inputs },
      { settings: job.settings, built: state.built },
    );
  }
  const { signal } = job.scope;
  const gone = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  gone.catch(() => {});
  const returned = await Promise.race([job.returned, gone]);
  if ("error" in returned) throw returned.error;
  return returned.result;
}
