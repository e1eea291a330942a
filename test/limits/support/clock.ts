import { existsSync } from "node:fs";
import { askGuest } from "./guest.ts";

/** Reason why the clock of this machine cannot be set; undefined in a guest that `test/uml/boot --clock` has started. */
export const clockUnavailable = existsSync("/run/clock-set") ? undefined : "not in a guest with --clock";

/** Sets the guest's clock forward by a number of seconds, or back by a negative one. */
export function moveClock(seconds: number): Promise<void> {
  return askGuest("clock", String(seconds));
}
