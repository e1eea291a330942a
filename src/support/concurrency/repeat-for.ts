/** Milliseconds between two attempts. */
const interval = 10;

/** Repeats an attempt until it returns a value or the time, in milliseconds, is over. At least one attempt is made. */
export async function repeatFor<T>(
  milliseconds: number,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const outcome = await attempt();
    if (outcome !== undefined || performance.now() > deadline) return outcome;
    await Bun.sleep(interval);
  }
}
