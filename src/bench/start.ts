import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fetchJson } from "#client/endpoints.ts";
import { version } from "#support/version.ts";
import { type ApiStarts, createBody, measureApi, startAndWait } from "./api-starts.ts";
import { measureCommands } from "./commands.ts";
import { type Candidate, observeCommand } from "./measure/candidate.ts";
import { describeMachine, observeMachine } from "./measure/machine.ts";
import { backToBack, burst, clients, interleaved } from "./measure/rounds.ts";
import { ownCommand } from "./own-command.ts";
import { output, preparePayload } from "./payload.ts";
import { findPeers } from "./peers/find-peers.ts";
import type { BenchResult, Group, Series, Throughput } from "./result.ts";

export interface StartOptions {
  image: string;
  /** Words after the image: the command that the container runs. */
  words: readonly string[];
  rounds: number;
  /** Highest number of clients at the same time. */
  concurrency: number;
  network: "bridge" | "none";
  /** `cold` stops the daemon before each run of `tbox run`. */
  daemon: "warm" | "cold";
  peers: readonly string[];
  /** Receives the title of each part before its measurement. */
  progress(title: string): void;
  signal: AbortSignal;
}

const warmups = 5;

/** Measures the start of containers: whole commands beside peers, API requests, many at once, and the phases of a start. */
export async function benchmarkStarts(options: StartOptions): Promise<BenchResult> {
  const before = observeMachine();
  const directory = mkdtempSync(`${tmpdir()}/tbox-bench-`);
  try {
    options.progress("preparing the image");
    const payload = await preparePayload(options.image, options.words, directory);
    using peers = findPeers(options.peers, options.network, payload);
    const own = ownCandidate(options);
    const measured = await measureAll(options, own, peers.candidates);
    const { DockerRootDir } = await fetchJson("GET /info");
    return {
      format: 1,
      benchmark: "start",
      version,
      date: new Date().toISOString(),
      settings: {
        image: options.image,
        command: payload.program.join(" "),
        rounds: String(options.rounds),
        network: options.network,
        daemon: options.daemon,
      },
      machine: describeMachine(before, DockerRootDir),
      ...measured,
      skipped: peers.skipped,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function ownCandidate({ image, words, network, daemon }: StartOptions): Candidate {
  const command = ownCommand("run", "--rm", "--network", network, image, ...words);
  const stop = ownCommand("daemon", "stop");
  return daemon === "warm"
    ? { name: "tbox run", command }
    : { name: "tbox run, with daemon", command, before: () => void output(stop) };
}

type Measured = Pick<BenchResult, "groups" | "throughput" | "phases">;

async function measureAll(
  options: StartOptions,
  own: Candidate,
  peers: readonly Candidate[],
): Promise<Measured> {
  const { rounds, signal, progress } = options;
  const all = [own, ...peers];
  const interleavedTitle = { id: "interleaved", title: "start, interleaved", comparable: true };
  progress(interleavedTitle.title);
  const groups = [await interleaved(interleavedTitle, all, { rounds, warmups, pause: 20, signal })];
  if (options.daemon === "cold") return { groups, throughput: [], phases: [] };

  const quick = all.slice(0, 2);
  const inRow = { id: "back-to-back", title: "start, back to back", comparable: true };
  progress(inRow.title);
  groups.push(await backToBack(inRow, quick, { rounds, warmups, pause: 0, signal }));
  const output = await firstOutput(options, all);
  if (output) groups.push(output);
  progress("API requests");
  const api: ApiStarts = await measureApi(bodyOf(options), { rounds, warmups, signal });
  groups.push(api.whole, api.steps);
  progress("commands");
  groups.push(...(await measureCommands({ rounds, warmups, pause: 20, signal })));
  const throughput = await measureThroughput(options, quick);
  return { groups, throughput, phases: api.phases };
}

function bodyOf({ image, words, network }: StartOptions): object {
  return createBody(image, words, network);
}

/** Measures the time to the first byte of output; undefined if the payload prints nothing. */
async function firstOutput(
  { rounds, signal, progress }: StartOptions,
  candidates: readonly Candidate[],
): Promise<Group | undefined> {
  const title = { id: "first-output", title: "first byte of output", comparable: true };
  const [own] = candidates;
  if (own === undefined || (await observeCommand(own)).firstOutput === undefined) return undefined;
  progress(title.title);
  const series = candidates.map(({ name }): Series => ({ name, samples: [], failures: 0 }));
  for (let round = 0; round < Math.ceil(rounds / 2); round++) {
    for (const [index, candidate] of candidates.entries()) {
      signal.throwIfAborted();
      const { firstOutput: time } = await observeCommand(candidate);
      if (time !== undefined) series[index]?.samples.push(time);
    }
  }
  return { ...title, series };
}

/** Measures several clients at a time, then bursts of 1, 10 and 100 starts. */
async function measureThroughput(
  options: StartOptions,
  candidates: readonly Candidate[],
): Promise<Throughput[]> {
  const { concurrency, rounds, signal, progress } = options;
  const results: Throughput[] = [];
  const body = bodyOf(options);
  for (const parallel of levels(concurrency)) {
    progress(`${parallel} at a time`);
    const given = { parallel, runs: Math.max(rounds, 4 * parallel), signal };
    results.push(await clients("API", () => startAndWait(body), given));
    for (const candidate of candidates) {
      const run = async () => (await observeCommand(candidate)).total;
      results.push(await clients(candidate.name, run, given));
    }
  }
  for (const parallel of [1, 10, 100]) {
    progress(`${parallel} at once`);
    for (const candidate of candidates) {
      results.push(await burst(candidate, { parallel, repetitions: 3, signal }));
    }
  }
  return results;
}

/** Returns 1, 2, 4 and so on up to the maximum, which is the last level. */
function levels(maximum: number): number[] {
  const all: number[] = [];
  for (let level = 1; level < maximum; level *= 2) all.push(level);
  return [...all, maximum];
}
