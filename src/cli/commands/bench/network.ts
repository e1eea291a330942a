import { networkPeers } from "#bench/network/forwarders.ts";
import { command, exactly } from "../../registry/command.ts";
import { count, outputFlags, peersFlag, runAndPrint } from "./run-benchmark.ts";

export const benchNetworkCommand = command({
  name: "bench network",
  summary: "Measure networks, beside the host's own and other forwarders",
  description:
    "Starts containers on each kind of network, and runs iperf3 with one stream for a second through published ports and to the host. Uses the ports 28801 to 28804. The peers are pasta and slirp4netns.",
  synopsis: "[OPTIONS]",
  flags: {
    rounds: count("Number of iperf3 runs; ten times as many starts", 5, { short: "n" }),
    peers: peersFlag(networkPeers),
    ...outputFlags,
  },
  arguments: exactly(0),
  examples: [{ line: "tbox bench network --html network.html", purpose: "Write a page about the networks" }],
  async run({ flags }) {
    const { benchmarkNetworks } = await import("#bench/network/benchmark-networks.ts");
    return runAndPrint(flags, (options) => benchmarkNetworks({ ...options, peers: flags.peers }));
  },
});
