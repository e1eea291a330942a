import { TboxError } from "#support/errors.ts";

/** Does work for each item at the same time. The first failure aborts the rest and is thrown. */
export async function allOrNone<Item, Result>(
  signal: AbortSignal,
  items: Item[],
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const stop = new AbortController();
  const limited = AbortSignal.any([signal, stop.signal]);
  let failure: { error: unknown } | undefined;
  const results = await Promise.allSettled(
    items.map((item) =>
      work(item, limited).catch((error) => {
        failure ??= { error };
        stop.abort(new TboxError("cancelled", "the build for another platform failed"));
        throw error;
      }),
    ),
  );
  if (failure) throw failure.error;
  return results.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}
