import { TboxError } from "#support/errors.ts";

/** Outputs of running builds that clients fetch by a token. */
export interface PendingOutputs {
  /** Offers bytes under a token; resolves when the client has read them. */
  offer(token: string, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
  /** Takes the bytes of a token; throws not-found for a token that is not offered or taken already. */
  take(token: string): AsyncGenerator<Uint8Array>;
}

/** Opens an empty list of outputs. */
export function openPendingOutputs(): PendingOutputs {
  const offers = new Map<string, { bytes: AsyncIterable<Uint8Array>; end: PromiseWithResolvers<void> }>();
  return {
    async offer(token, bytes, signal) {
      const end = Promise.withResolvers<void>();
      const abort = () => end.reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      offers.set(token, { bytes, end });
      try {
        signal.throwIfAborted();
        await end.promise;
      } finally {
        offers.delete(token);
        signal.removeEventListener("abort", abort);
      }
    },
    take(token) {
      const offer = offers.get(token);
      if (!offer) throw new TboxError("not-found", "the output does not exist, or was fetched already");
      offers.delete(token);
      return readOffer(offer);
    },
  };
}

async function* readOffer({
  bytes,
  end,
}: {
  bytes: AsyncIterable<Uint8Array>;
  end: PromiseWithResolvers<void>;
}): AsyncGenerator<Uint8Array> {
  let complete = false;
  try {
    yield* bytes;
    complete = true;
    end.resolve();
  } catch (error) {
    end.reject(error);
    throw error;
  } finally {
    if (!complete) end.reject(new TboxError("cancelled", "the client did not read the whole output"));
  }
}
