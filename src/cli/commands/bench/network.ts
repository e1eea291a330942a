import { networkPeers } from "#bench/network/forwarders.ts";
import { parsed } from "../../flags/kinds.ts";
import { command, exactly } from "../../registry/command.ts";
import { outputFlags, peersOf, positive, runAndPrint } from "./run-benchmark.ts";

const parsePeers = peersOf(networkPeers);

export const benchNetworkCommand = command({
  name: "bench network",
  summary: "Measure networks, beside the host's own and other forwarders",
  description:
    "Starts containers on each kind of network, and runs iperf3 with one stream for a second through published ports and to the host. Uses the ports 28801 to 28804. The peers are pasta and slirp4netns.",
  synopsis: "[OPTIONS]",
  flags: {
    rounds: parsed("Number of iperf3 runs; ten times as many starts", positive, {
      short: "n",
      valueName: "int",
      shownDefault: "5",
    }),
    peers: parsed("Peers to measure, separated by commas", parsePeers, { shownDefault: "auto" }),
    ...outputFlags,
  },
  arguments: exactly(0),
  examples: [{ line: "tbox bench network --html network.html", purpose: "Write a page about the networks" }],
  async run({ flags }) {
    const { benchmarkNetworks } = await import("#bench/network/benchmark-networks.ts");
    const peers = flags.peers ?? parsePeers("auto");
    return runAndPrint({ ...flags, rounds: flags.rounds ?? 5 }, (options) =>
      benchmarkNetworks({ ...options, peers }),
    );
  },
});
