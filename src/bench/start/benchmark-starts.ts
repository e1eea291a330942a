import { fetchJson } from "#client/endpoints.ts";
import { type BenchmarkOptions, runBenchmark } from "../benchmark.ts";
import { type Candidate, observeCommand } from "../measure/candidate.ts";
import { backToBack, burst, clients, interleaved } from "../measure/rounds.ts";
import { output } from "../output.ts";
import { ownCommand } from "../own-command.ts";
import type { BenchResult, Group, GroupTitle, Series, Throughput } from "../result.ts";
import { type ApiConnections, openApiConnections } from "./api-connection.ts";
import { type ApiStarts, measureApi, startRemoved } from "./api-starts.ts";
import { measureCommands } from "./commands.ts";
import { preparePayload } from "./payload.ts";
import { findPeers } from "./peers/find-peers.ts";

export interface StartOptions extends BenchmarkOptions {
  image: string;
  /** Words after the image: the command that the container runs. */
  words: readonly string[];
  /** Highest number of clients at the same time. */
  concurrency: number;
  network: "bridge" | "none";
  /** `cold` stops the daemon before each run of `tbox run`. */
  daemon: "warm" | "cold";
  peers: readonly string[];
}

const warmups = 5;

/** Measures the start of containers: whole commands beside peers, API requests, many at once, and the phases of a start. */
export function benchmarkStarts(options: StartOptions): Promise<BenchResult> {
  return runBenchmark("start", async (directory) => {
    const { image, words, rounds, network, daemon, progress } = options;
    progress("preparing the image");
    const payload = await preparePayload(image, words, directory);
    using peers = findPeers(options.peers, network, payload);
    const measured = await measureAll(options, ownCandidate(options), peers.candidates);
    const { DockerRootDir: storage } = await fetchJson("GET /info");
    const command = payload.program.join(" ");
    const settings = { image, command, rounds: String(rounds), network, daemon };
    return { ...measured, settings, storage, skipped: peers.skipped };
  });
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
  const interleavedTitle: GroupTitle = {
    id: "interleaved",
    title: "start, interleaved",
    unit: "ms",
    comparable: true,
  };
  progress(interleavedTitle.title);
  const groups = [await interleaved(interleavedTitle, all, { rounds, warmups, pause: 20, signal })];
  if (options.daemon === "cold") return { groups, throughput: [], phases: [] };

  const quick = all.slice(0, 2);
  const inRow: GroupTitle = {
    id: "back-to-back",
    title: "start, back to back",
    unit: "ms",
    comparable: true,
  };
  progress(inRow.title);
  groups.push(await backToBack(inRow, quick, { rounds, warmups, pause: 0, signal }));
  const output = await firstOutput(options, all);
  if (output) groups.push(output);
  progress("API requests");
  using connections = openApiConnections();
  const api: ApiStarts = await measureApi(connections, options, { rounds, warmups, signal });
  groups.push(api.whole, api.steps);
  progress("commands");
  groups.push(...(await measureCommands({ rounds, warmups, pause: 20, signal })));
  const throughput = await measureThroughput(options, connections, quick);
  return { groups, throughput, phases: api.phases };
}

/** Measures the time to the first byte of output; undefined if the payload prints nothing. */
async function firstOutput(
  { rounds, signal, progress }: StartOptions,
  candidates: readonly Candidate[],
): Promise<Group | undefined> {
  const title: GroupTitle = {
    id: "first-output",
    title: "first byte of output",
    unit: "ms",
    comparable: true,
  };
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
  connections: ApiConnections,
  candidates: readonly Candidate[],
): Promise<Throughput[]> {
  const { concurrency, rounds, signal, progress } = options;
  const results: Throughput[] = [];
  const startOne = () => startRemoved(connections, options);
  for (const parallel of levels(concurrency)) {
    progress(`${parallel} at a time`);
    const given = { parallel, runs: Math.max(rounds, 4 * parallel), signal };
    results.push(await clients("API", startOne, given));
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
