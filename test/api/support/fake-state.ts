import type { Duplex } from "node:stream";
import type { ExitStatus } from "#containers/lifecycle/wait.ts";
import type { CreateRequest } from "#containers/request/create-request.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import type { AttachOptions } from "#containers/streams/attach.ts";
import type { LogRecord } from "#containers/streams/logs.ts";
import type { Progress } from "#images/transfer/image-transfer.ts";
import { TboxError } from "#support/errors.ts";

/** Program of a fake container. Returns the exit status. */
export type Program = (terminal: Terminal) => Promise<number>;

export interface Terminal {
  input: AsyncIterable<Buffer>;
  /** Resolves when the client can take more output. */
  write(stream: "stdout" | "stderr", text: string | Uint8Array): Promise<void>;
}

/** State that a test prepares and inspects. */
export interface FakeState {
  /** Programs by name. */
  programs: Record<string, Program>;
  /** Progress of a pull, or the error that it throws, by image name. */
  pulls: Record<string, (signal: AbortSignal) => AsyncIterable<Progress>>;
  /** Names of the images in the store. */
  present: Set<string>;
  /** Calls of the interfaces, in order. */
  calls: string[];
  /** Logs by container name. */
  logs: Record<string, (signal: AbortSignal) => AsyncIterable<LogRecord>>;
  /** Requests to create containers, in order. */
  created: CreateRequest[];
  /** Returns a new number each time, because the fakes count no changes. */
  revision: () => number;
}

export interface FakeContainer {
  record: ContainerRecord;
  attached?: { options: AttachOptions; far: Duplex };
  /** Exit of the current or next run. */
  exited: PromiseWithResolvers<ExitStatus>;
  removed: PromiseWithResolvers<ExitStatus>;
  /** Exit status that a signal gives the current run. */
  killed: PromiseWithResolvers<number>;
}

/** Fake state with the containers that exist, by ID. */
export interface FakeStore extends FakeState {
  containers: Map<string, FakeContainer>;
}

export function createFakeStore(): FakeStore {
  let revision = 0;
  return {
    revision: () => ++revision,
    programs: {},
    pulls: {},
    present: new Set(["image"]),
    calls: [],
    logs: {},
    created: [],
    containers: new Map(),
  };
}

/** Finds a container by name or ID prefix, or throws not-found with Docker's text. */
export function findContainer({ containers }: FakeStore, name: string): FakeContainer {
  const bare = name.replace(/^\//, "");
  const found = [...containers.values()].find(
    ({ record }) => record.name === bare || record.id.startsWith(bare),
  );
  if (found === undefined) throw new TboxError("not-found", `No such container: ${name}`);
  return found;
}

export async function* nothing(): AsyncGenerator<never, void, void> {}
