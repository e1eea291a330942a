import { statfsSync } from "node:fs";
import { openNotifier } from "#native/addon/notifier.ts";
import { openPipe } from "#native/addon/pipe.ts";
import type { Unpacked, UnpackLimits } from "#native/protocol/work.ts";
import type { Zygote } from "#native/zygote/zygote.ts";
import { type DiffId, parseDiffId } from "#oci/digest.ts";
import { createLimit } from "#support/concurrency/limit.ts";
import { createSingleFlight } from "#support/concurrency/single-flight.ts";
import type { Warn } from "#support/log.ts";
import type { LayerRecords } from "./layer-records.ts";
import type { GrowingBlob, LayerUnpacking, UnpackOptions, WithBlob, WriteArchive } from "./layers.ts";

/** Free bytes of the disk that unpacking must leave. */
const reservedBytes = 64 * 1024 * 1024;
const mostEntries = 2_000_000;

/** Layers unpacked at the same time; equals the number of concurrent downloads. */
const concurrency = 3;

export interface UnpackingOptions {
  store: string;
  zygote: Zygote;
  records: LayerRecords;
  /** Called for archive contents that a layer cannot hold, such as devices and foreign owners. */
  warn: Warn;
}

/** Unpacks layers in worker processes inside the user namespace. */
export function openUnpacking({ store, zygote, records, warn }: UnpackingOptions): LayerUnpacking {
  const limit = createLimit(concurrency);
  const share = createSingleFlight<DiffId>();

  async function unpack(
    diffId: DiffId | undefined,
    blob: WithBlob,
    options: UnpackOptions,
  ): Promise<Unpacked> {
    const limits = unpackLimits(store);
    const request = { operation: "unpack" as const, limits, ...(diffId === undefined ? {} : { diffId }) };
    const work = async (source: number, growing?: GrowingBlob) => {
      if (growing === undefined) return await zygote.work(request, { source, ...options });
      // Closing the notifier also ends the worker's wait for more bytes after a failure.
      using notifier = openNotifier();
      using _ = growing.onGrowth(notifier.notify);
      const arriving = { ...request, arriving: growing.size };
      return await zygote.work(arriving, { source, notifier: notifier.peer, ...options });
    };
    const unpacked = await limit(() => blob(work));
    for (const warning of unpacked.warnings) warn(`layer ${unpacked.diffId}: ${warning}`);
    records.add(unpacked);
    return unpacked;
  }

  return {
    ensure(diffId, blob, options = {}) {
      if (records.has(diffId)) return Promise.resolve();
      return share(diffId, async () => {
        await unpack(diffId, blob, options);
      });
    },
    async match(diffId, blob, options = {}) {
      await unpack(diffId, blob, options);
    },
    async adopt(blob, options = {}) {
      return parseDiffId((await unpack(undefined, blob, options)).diffId);
    },
    async adoptFrom(write, signal) {
      const { diffId } = await piped(signal, {
        write,
        read: (source, limited) => unpack(undefined, (use) => use(source), { signal: limited }),
      });
      return parseDiffId(diffId);
    },
    verify(diffId, blob, options = {}) {
      const request = { operation: "verify" as const, diffId, limits: unpackLimits(store) };
      return limit(() => blob((source) => zygote.work(request, { source, ...options })));
    },
  };
}

interface PipeEnds<T> {
  write: WriteArchive;
  read: (descriptor: number, signal: AbortSignal) => Promise<T>;
}

/** Connects a writer with a reader. Throws the first failure, which also ends the other side. */
async function piped<T>(signal: AbortSignal, { write, read }: PipeEnds<T>): Promise<T> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  const { input, output, close } = openPipe();
  try {
    const reading = read(output, limited).finally(() => close("output"));
    const writing = write(input, limited).finally(() => close("input"));
    for (const work of [reading, writing]) work.catch((error) => stop.abort(error));
    await Promise.allSettled([reading, writing]);
    if (limited.aborted) throw limited.reason;
    return await reading;
  } finally {
    close("input");
    close("output");
  }
}

function unpackLimits(store: string): UnpackLimits {
  const { bavail, bsize } = statfsSync(store);
  return { bytes: Math.max(0, bavail * bsize - reservedBytes), entries: mostEntries };
}
