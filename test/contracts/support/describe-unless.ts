import { describe } from "bun:test";

/** Declares tests that are skipped, with the reason printed, when there is an obstacle. */
export function describeUnless(obstacle: string | undefined, name: string, declare: () => void): void {
  if (obstacle !== undefined) console.error(`skipped ${name}: ${obstacle}`);
  describe.skipIf(obstacle !== undefined)(name, declare);
}
