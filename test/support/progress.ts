/** Time limit of a test whose progress is watched, in milliseconds: longer than any run. */
export const watched = 86_400_000;

/** Milliseconds without progress after which a test has failed, however busy the machine is. */
const patience = 900_000;

/**
 * Runs the body of a long test, which calls `advance` after each step. Fails when it takes no step for a long time: a limit
 * for all steps together would measure the load of the machine.
 */
export async function whileAdvancing<T>(body: (advance: () => void) => Promise<T>): Promise<T> {
  const { promise: stalled, reject } = Promise.withResolvers<never>();
  let timer: Timer | undefined;
  let steps = -1;
  const advance = () => {
    clearTimeout(timer);
    steps++;
    timer = setTimeout(
      () => reject(new Error(`no progress for ${patience / 60_000} minutes after ${steps} steps`)),
      patience,
    );
  };
  advance();
  try {
    return await Promise.race([body(advance), stalled]);
  } finally {
    clearTimeout(timer);
  }
}
