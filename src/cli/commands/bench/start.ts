import { peerNames } from "#bench/start/peers/find-peers.ts";
import { bool, word } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";
import { count, outputFlags, peersFlag, runAndPrint } from "./run-benchmark.ts";

export const benchStartCommand = command({
  name: "bench start",
  summary: "Measure how fast containers start, beside other engines",
  description: `Runs the default command of IMAGE (hello, if none is given), or COMMAND, in new containers: interleaved with the peers, back to back, over the API, many at a time. The command must end by itself with exit status 0.

The peers are other programs that start the same root file system: bwrap, crun, runc, podman, docker, nerdctl. With --cold, the daemon is stopped before each run; running containers continue.`,
  synopsis: "[OPTIONS] [IMAGE] [COMMAND] [ARG...]",
  flags: {
    rounds: count("Number of runs of each candidate", 200, { short: "n" }),
    concurrency: count("Highest number of clients at the same time", 8),
    net: word("Network of the containers", ["none", "bridge"] as const, { shownDefault: "none" }),
    cold: bool("Stop the daemon before each run"),
    warm: bool("Keep the daemon running (default)", { initial: true }),
    peers: peersFlag(peerNames),
    ...outputFlags,
  },
  arguments: atLeast(0),
  placement: "leading",
  examples: [
    { line: "tbox bench start", purpose: "Compare the start of the built-in image with all installed peers" },
    {
      line: "tbox bench start -n 50 --peers bwrap,podman debian:13 true",
      purpose: "Measure one image and command",
    },
    { line: "tbox bench start --json --html page.html > today.json", purpose: "Keep the figures and a page" },
  ],
  async run({ flags, positionals: [image = "hello", ...words] }) {
    const { benchmarkStarts } = await import("#bench/start/benchmark-starts.ts");
    return runAndPrint(flags, (options) =>
      benchmarkStarts({
        ...options,
        image,
        words,
        concurrency: flags.concurrency,
        network: flags.net ?? "none",
        daemon: flags.cold ? "cold" : "warm",
        peers: flags.peers,
      }),
    );
  },
});
