import { writeFile } from "node:fs/promises";
import { parsePeers } from "#bench/peers/find-peers.ts";
import { invalidArgument } from "#support/errors.ts";
import { bool, parsed, parseInteger, text, word } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print, printError } from "../../output/output.ts";
import { atLeast, command } from "../../registry/command.ts";
import { renderResult } from "./render-result.ts";

export const benchStartCommand = command({
  name: "bench start",
  summary: "Measure how fast containers start, beside other engines",
  description: `Runs the default command of IMAGE (hello, if none is given), or COMMAND, in new containers: interleaved with the peers, back to back, over the API, many at a time. The command must end by itself with exit status 0.

The peers are other programs that start the same root file system: bwrap, crun, runc, podman, docker, nerdctl. With --cold, the daemon is stopped before each run; running containers continue.`,
  synopsis: "[OPTIONS] [IMAGE] [COMMAND] [ARG...]",
  flags: {
    rounds: parsed("Number of runs of each candidate", positive, {
      short: "n",
      valueName: "int",
      shownDefault: "200",
    }),
    concurrency: parsed("Highest number of clients at the same time", positive, {
      valueName: "int",
      shownDefault: "8",
    }),
    net: word("Network of the containers", ["none", "bridge"] as const, { shownDefault: "none" }),
    cold: bool("Stop the daemon before each run"),
    warm: bool("Keep the daemon running (default)", { initial: true }),
    peers: parsed("Peers to measure, separated by commas", parsePeers, { shownDefault: "auto" }),
    json: bool("Print the result with all samples as JSON"),
    html: text("Write a page with plots to a file", { valueName: "file", completes: "file" }),
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
    const { benchmarkStarts } = await import("#bench/start.ts");
    const interrupted = new AbortController();
    process.once("SIGINT", () => interrupted.abort());
    process.once("SIGTERM", () => interrupted.abort());
    try {
      const result = await benchmarkStarts({
        image,
        words,
        rounds: flags.rounds ?? 200,
        concurrency: flags.concurrency ?? 8,
        network: flags.net ?? "none",
        daemon: flags.cold ? "cold" : "warm",
        peers: flags.peers ?? parsePeers("auto"),
        progress: (title) => printError(`measuring: ${title}`, "bare"),
        signal: interrupted.signal,
      });
      if (flags.html !== undefined) {
        const { pageOf } = await import("#bench/report/page.ts");
        await writeFile(flags.html, pageOf(result));
      }
      await print(flags.json ? `${JSON.stringify(result)}\n` : renderResult(result));
      return 0;
    } catch (error) {
      throw interrupted.signal.aborted ? new ExitError("interrupted", 130, { cause: error }) : error;
    }
  },
});

function positive(value: string): number {
  const number = parseInteger(value);
  if (number > 0) return number;
  throw invalidArgument("must be at least 1");
}
