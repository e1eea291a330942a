import type { Command } from "./command.ts";

/** A command's entry in the index: enough to list the command without loading its module. */
export interface IndexEntry {
  /** The command's name, then its aliases. */
  names: readonly string[];
  summary: string;
  rank?: number;
  remote?: true;
  load(): Promise<Command>;
}
