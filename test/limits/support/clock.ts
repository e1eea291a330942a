import { existsSync } from "node:fs";
import { open } from "node:fs/promises";

/** Reason why the clock of this machine cannot be set; undefined in a guest that `test/uml/boot --clock` has started. */
export const clockUnavailable = existsSync("/run/clock-set") ? undefined : "not in a guest with --clock";

/** Sets the guest's clock forward by a number of seconds, or back by a negative one. */
export async function moveClock(seconds: number): Promise<void> {
  const answers = await open("/run/clock-set", "r+");
  const requests = await open("/run/clock", "r+");
  try {
    await requests.appendFile(`${seconds}\n`);
    await answers.read(Buffer.alloc(1), 0, 1, null);
  } finally {
    await requests.close();
    await answers.close();
  }
}
