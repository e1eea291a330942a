import { addon } from "#native/addon/addon.ts";

/**
 * Switches whether the terminal on standard input turns a line feed into carriage return and line feed. The
 * terminal of the container has already done that, unless its program turned it off.
 */
export function setOutputProcessing(on: boolean): void {
  try {
    addon().setOutputProcessing(0, on);
  } catch {
    // The terminal was closed, so nobody reads.
  }
}
