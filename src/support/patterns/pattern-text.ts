import { invalidArgument, type TboxError } from "../errors.ts";

/** Tests one UTF-16 code unit. */
export type CharacterTest = (code: number) => boolean;

/** Position in the text of a pattern. */
export interface Cursor {
  readonly text: string;
  at: number;
  /** Whether upper and lower case are the same. */
  ignoreCase: boolean;
  /** Whether `.` matches a line feed too. */
  dotAll: boolean;
}

/** Returns the error for a pattern that is malformed, too large, or uses an unsupported part of the syntax. */
export function invalidPattern(text: string): TboxError {
  return invalidArgument(`invalid regular expression ${JSON.stringify(text.slice(0, 100))}`);
}

/** Returns a test for the characters from `first` to `last`, in both cases if `ignoreCase` is set. */
export function characters(first: number, last: number, ignoreCase: boolean): CharacterTest {
  const within = (code: number) => code >= first && code <= last;
  return ignoreCase ? (code) => otherCases(code).some(within) : within;
}

function otherCases(code: number): number[] {
  const character = String.fromCharCode(code);
  return [code, character.toLowerCase().charCodeAt(0), character.toUpperCase().charCodeAt(0)];
}
