import { type Candidate, timeCommand } from "../../measure/candidate.ts";
import type { Payload } from "../payload.ts";

/** Another program that starts the payload. */
export interface Peer {
  name: string;
  /** Makes the payload available to the peer, and returns commands to try in turn, the best first. */
  prepare(payload: Payload): Candidate[];
  /** Removes what `prepare` has stored outside the payload's directory. */
  remove?(payload: Payload): void;
}

/** Returns the first candidate that runs; otherwise throws the error of the last one. */
export function firstThatRuns(candidates: readonly Candidate[]): Candidate {
  let failure: unknown = new Error("no command is known");
  for (const candidate of candidates) {
    try {
      timeCommand(candidate);
      return candidate;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
