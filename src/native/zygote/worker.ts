import { TboxError } from "#support/errors.ts";
import { FailureError } from "../addon/failure.ts";
import { type Channel, type ChannelListener, keepAlive } from "../addon/reactor.ts";
import { withoutType } from "../protocol/message.ts";
import {
  type FileStatus,
  type FromWorker,
  fromWorkerSchema,
  type Packed,
  type TreeSize,
  type Unpacked,
} from "../protocol/work.ts";

/** Results of the operations of a worker. */
export interface WorkResults {
  unpack: Unpacked;
  /** Whether the layer equals the content of its blob. */
  verify: boolean;
  remove: undefined;
  /** Names of the directories that can be used again. */
  recycle: string[];
  measure: TreeSize[];
  status: FileStatus;
  archive: undefined;
  extract: undefined;
  layer: undefined;
  pack: Packed;
  compress: Packed;
  merge: undefined;
  changes: undefined;
  /** Absent when the directory is empty. */
  keep: Unpacked | undefined;
  sync: undefined;
  list: undefined;
  export: undefined;
  copy: undefined;
}

export interface WorkOptions {
  /** Descriptor of the input or output: a file, a pipe or a socket. It is duplicated. */
  source?: number;
  /** Descriptor of the output of an operation that has an input, too. It is duplicated. */
  output?: number;
  /** Peer of a notifier for a blob that is still being downloaded. It is duplicated. */
  notifier?: number;
  /** Bytes consumed so far: of a blob as it is, of an archive that is packed without compression. */
  onProgress?: (bytes: number) => void;
  /** Signal that kills the worker when aborted. */
  signal?: AbortSignal;
}

/** Waits for the result of a worker on the channel that `open` returns. */
export async function awaitWork<Operation extends keyof WorkResults>(
  operation: Operation,
  { onProgress, signal }: WorkOptions,
  open: (listener: ChannelListener) => Channel,
): Promise<WorkResults[Operation]> {
  signal?.throwIfAborted();
  using _ = keepAlive();
  const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
  const channel = open({
    message(text) {
      const message = fromWorkerSchema.parse(JSON.parse(text));
      if (message.type === "progress") onProgress?.(message.bytes);
      else resolve(message);
    },
    closed(reason) {
      const cause = reason === undefined ? undefined : new Error(reason);
      reject(new TboxError("unavailable", `${operation}: the worker died`, { cause }));
    },
  });
  const abort = () =>
    reject(new TboxError("cancelled", `${operation}: cancelled`, { cause: signal?.reason }));
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const answer = await promise;
    if (answer.type === "failed") throw new FailureError(withoutType(answer));
    return readers[operation](answer);
  } finally {
    signal?.removeEventListener("abort", abort);
    channel.close();
  }
}

const readers: { [Operation in keyof WorkResults]: (answer: FromWorker) => WorkResults[Operation] } = {
  unpack: (answer) => (answer.type === "unpacked" ? withoutType(answer) : unexpected("unpacked", answer)),
  verify: (answer) => (answer.type === "verified" ? answer.intact : unexpected("verified", answer)),
  remove: (answer) => (answer.type === "removed" ? undefined : unexpected("removed", answer)),
  recycle: (answer) => (answer.type === "recycled" ? answer.ready : unexpected("recycled", answer)),
  status: (answer) => (answer.type === "status" ? withoutType(answer) : unexpected("status", answer)),
  archive: copied,
  extract: copied,
  layer: copied,
  pack: packed,
  compress: packed,
  merge: copied,
  changes: copied,
  keep: (answer) => {
    if (answer.type === "unchanged") return undefined;
    return answer.type === "unpacked" ? withoutType(answer) : unexpected("unpacked or unchanged", answer);
  },
  sync: (answer) => (answer.type === "synced" ? undefined : unexpected("synced", answer)),
  list: copied,
  export: copied,
  copy: copied,
  measure: (answer) => (answer.type === "measured" ? answer.sizes : unexpected("measured", answer)),
};

function packed(answer: FromWorker): Packed {
  return answer.type === "packed" ? withoutType(answer) : unexpected("packed", answer);
}

function copied(answer: FromWorker): undefined {
  if (answer.type !== "copied") unexpected("copied", answer);
}

function unexpected(expected: string, { type }: FromWorker): never {
  throw new TboxError("internal", `the worker answered ${type} instead of ${expected}`);
}
