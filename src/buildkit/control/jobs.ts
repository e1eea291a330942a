import { TboxError } from "#support/errors.ts";
import type { BuildScope } from "../frontend/build-scope.ts";
import type { SolveSettings } from "../frontend/solve-dockerfile.ts";
import type { GrpcError } from "../grpc/grpc-error.ts";
import { openStatusLog, type StatusLog } from "../progress/status-log.ts";
import type { BridgeResult } from "../protocol/gateway.ts";

/** Result that a client's front end returned for its build. */
export type Returned = { result: BridgeResult } | { error: GrpcError };

/** A build between `Control.Solve` and its answer. */
export interface Job {
  scope: BuildScope;
  settings: SolveSettings;
  /** Ends the wait for the result of the client's front end. */
  finish(returned: Returned): void;
  returned: Promise<Returned>;
}

/** Running builds and their progress, by the reference that the client chose. */
export interface Jobs {
  /** Returns the progress of a build, which readers may ask for before it starts. */
  log(ref: string): StatusLog;
  /** Ends the progress of a build that does not start, and the waits for it. */
  refuse(ref: string, error: unknown): void;
  /** Adds a build; throws already-exists for a reference in use. */
  add(ref: string, job: Job): Disposable;
  /** Returns a build; waits for its start. */
  find(ref: string, signal: AbortSignal): Promise<Job>;
}

/** Milliseconds until a call for a build that does not exist fails. */
const waitTime = 10_000;
/** Milliseconds for which the progress of a finished build can be read. */
const logTime = 60_000;

export function openJobs(): Jobs {
  const jobs = new Map<string, PromiseWithResolvers<Job>>();
  const running = new Set<string>();
  const logs = new Map<string, StatusLog>();
  const place = (ref: string) => {
    const found = jobs.get(ref) ?? Promise.withResolvers<Job>();
    jobs.set(ref, found);
    return found;
  };
  const later = (work: () => void, milliseconds: number) => void setTimeout(work, milliseconds).unref();
  const log = (ref: string) => {
    const found = logs.get(ref) ?? openStatusLog();
    if (!logs.has(ref)) {
      logs.set(ref, found);
      // The build may never start, and its readers must not wait forever.
      later(() => {
        if (!running.has(ref)) found.end();
      }, waitTime);
    }
    return found;
  };
  return {
    log,
    add(ref, job) {
      if (running.has(ref)) throw new TboxError("already-exists", `the build ${ref} is running`);
      running.add(ref);
      place(ref).resolve(job);
      return {
        [Symbol.dispose]() {
          running.delete(ref);
          jobs.delete(ref);
          log(ref).end();
          later(() => logs.delete(ref), logTime);
        },
      };
    },
    refuse(ref, error) {
      if (running.has(ref)) return;
      const refused = place(ref);
      refused.promise.catch(() => {});
      refused.reject(error);
      log(ref).end();
      later(() => {
        if (jobs.get(ref) === refused) jobs.delete(ref);
        if (!running.has(ref)) logs.delete(ref);
      }, logTime);
    },
    async find(ref, signal) {
      const ended = AbortSignal.any([signal, AbortSignal.timeout(waitTime)]);
      const gone = new Promise<undefined>((resolve) => {
        ended.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      const job = await Promise.race([place(ref).promise, gone]);
      if (job) return job;
      if (!running.has(ref)) jobs.delete(ref);
      throw new TboxError("not-found", `no such job ${ref}`);
    },
  };
}
