import { errorChain, invalidArgument } from "#support/errors.ts";
import { splitInstalled } from "../../installed-peers.ts";
import type { Candidate } from "../../measure/candidate.ts";
import type { BenchResult } from "../../result.ts";
import type { Payload } from "../payload.ts";
import { bubblewrap } from "./bubblewrap.ts";
import { engine } from "./engines.ts";
import { firstThatRuns, type Peer } from "./peer.ts";
import { runtime } from "./runtimes.ts";

/** Programs that a start can be compared with. */
export const peerNames = ["bwrap", "crun", "runc", "podman", "docker", "nerdctl"] as const;

/** Peers that start the payload on this machine. */
export interface FoundPeers extends Disposable {
  candidates: Candidate[];
  skipped: BenchResult["skipped"];
}

/** Prepares the payload for each peer and tries it once. */
export function findPeers(
  names: readonly string[],
  network: "bridge" | "none",
  payload: Payload,
): FoundPeers {
  const { installed, skipped } = splitInstalled(names);
  const candidates: Candidate[] = [];
  const cleanup = new DisposableStack();
  for (const name of installed) {
    try {
      const peer = peerOf(name, network);
      const ways = peer.prepare(payload);
      cleanup.defer(() => ignoreFailure(() => peer.remove?.(payload)));
      candidates.push(firstThatRuns(ways));
    } catch (error) {
      skipped.push({ name, reason: errorChain(error) });
    }
  }
  return { candidates, skipped, [Symbol.dispose]: () => cleanup.dispose() };
}

function peerOf(name: string, network: "bridge" | "none"): Peer {
  if (name === "bwrap") return bubblewrap;
  if (name === "crun" || name === "runc") return runtime(name);
  if (name === "podman" || name === "docker" || name === "nerdctl") return engine(name, network);
  throw invalidArgument(`unknown peer "${name}"`);
}

/** Ignores the failure of a peer to remove its copy of the image, so that it does not hide the result. */
function ignoreFailure(work: () => void): void {
  try {
    work();
  } catch {}
}
