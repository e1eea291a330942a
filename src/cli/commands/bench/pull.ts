import { pullPeers } from "#bench/images/benchmark-pulls.ts";
import { bool, text } from "../../flags/kinds.ts";
import { atLeast, command } from "../../registry/command.ts";
import { count, outputFlags, peersFlag, runAndPrint } from "./run-benchmark.ts";

export const benchPullCommand = command({
  name: "bench pull",
  summary: "Measure pulls and pushes, beside other engines",
  description:
    "Every run has an empty store of its own. The peer is podman. With --push, each image is also pushed to a new repository below REGISTRY/PATH, which should be another registry: one that has the layers already does not receive them.",
  synopsis: "[OPTIONS] IMAGE [IMAGE...]",
  flags: {
    rounds: count("Number of runs of each candidate", 3, { short: "n" }),
    peers: peersFlag(pullPeers),
    push: text("Also measure pushes to this registry and path"),
    insecure: bool("Let the peers use registries without TLS"),
    ...outputFlags,
  },
  arguments: atLeast(1),
  examples: [
    { line: "tbox bench pull debian:13 node:24", purpose: "Compare the pulls of two images with podman" },
  ],
  async run({ flags, positionals: images }) {
    const { benchmarkPulls } = await import("#bench/images/benchmark-pulls.ts");
    const { insecure, push, peers } = flags;
    return runAndPrint(flags, (options) =>
      benchmarkPulls({ ...options, images, insecure, peers, ...(push === undefined ? {} : { push }) }),
    );
  },
});
