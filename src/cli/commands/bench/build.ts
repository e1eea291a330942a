import { buildPeers } from "#bench/build/benchmark-builds.ts";
import { parsed } from "../../flags/kinds.ts";
import { between, command } from "../../registry/command.ts";
import { outputFlags, peersOf, positive, runAndPrint } from "./run-benchmark.ts";

const parsePeers = peersOf(buildPeers, (name) => name === "cp" || Bun.which(name) !== null);

export const benchBuildCommand = command({
  name: "bench build",
  summary: "Measure builds, beside other builders",
  description:
    "Builds on IMAGE (busybox, if none is given), which must have a shell: an unchanged rebuild, steps without cache, and a COPY of all files. All files are temporary. The peers are buildah, podman, and cp with sha256sum.",
  synopsis: "[OPTIONS] [IMAGE]",
  flags: {
    rounds: parsed("Number of runs of each candidate", positive, {
      short: "n",
      valueName: "int",
      shownDefault: "10",
    }),
    peers: parsed("Peers to measure, separated by commas", parsePeers, { shownDefault: "auto" }),
    files: parsed("Number of files in the context, 18,750 bytes each", positive, {
      valueName: "int",
      shownDefault: "4000",
    }),
    steps: parsed("Number of RUN steps without cache", positive, { valueName: "int", shownDefault: "30" }),
    ...outputFlags,
  },
  arguments: between(0, 1),
  examples: [{ line: "tbox bench build --peers buildah debian:13", purpose: "Compare builds with buildah" }],
  async run({ flags, positionals: [image = "busybox"] }) {
    const { benchmarkBuilds } = await import("#bench/build/benchmark-builds.ts");
    const { files = 4000, steps = 30, peers = parsePeers("auto") } = flags;
    return runAndPrint({ ...flags, rounds: flags.rounds ?? 10 }, (options) =>
      benchmarkBuilds({ ...options, image, files, steps, peers }),
    );
  },
});
