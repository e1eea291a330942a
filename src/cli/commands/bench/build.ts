import { buildPeers } from "#bench/build/benchmark-builds.ts";
import { between, command } from "../../registry/command.ts";
import { count, outputFlags, peersFlag, runAndPrint } from "./run-benchmark.ts";

export const benchBuildCommand = command({
  name: "bench build",
  summary: "Measure builds, beside other builders",
  description:
    "Builds on IMAGE (busybox, if none is given), which must have a shell: an unchanged rebuild, steps without cache, and a COPY of all files. All files are temporary. The peers are buildah, podman, and cp with sha256sum.",
  synopsis: "[OPTIONS] [IMAGE]",
  flags: {
    rounds: count("Number of runs of each candidate", 10, { short: "n" }),
    peers: peersFlag(buildPeers),
    files: count("Number of files in the context, 18,750 bytes each", 4000),
    steps: count("Number of RUN steps without cache", 30),
    ...outputFlags,
  },
  arguments: between(0, 1),
  examples: [{ line: "tbox bench build --peers buildah debian:13", purpose: "Compare builds with buildah" }],
  async run({ flags, positionals: [image = "busybox"] }) {
    const { benchmarkBuilds } = await import("#bench/build/benchmark-builds.ts");
    const { files, steps, peers } = flags;
    return runAndPrint(flags, (options) => benchmarkBuilds({ ...options, image, files, steps, peers }));
  },
});
