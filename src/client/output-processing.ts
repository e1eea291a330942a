import { addon } from "#native/addon/addon.ts";

/**
 * Switches whether the terminal on standard input turns a line feed into carriage return and line feed. A program in a
 * container has done that already, or wants its bytes unchanged.
 */
export function setOutputProcessing(on: boolean): void {
  try {
    addon().setOutputProcessing(0, on);
  } catch {
    // The terminal is gone, and so is its reader.
  }
}
