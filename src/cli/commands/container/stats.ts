import type { StatsSample } from "#api/answers/container-stats.ts";
import { fetchJson, fetchLines } from "#client/endpoints.ts";
import { bool } from "../../flags/kinds.ts";
import { listFormatFlag } from "../../format/format-flags.ts";
import { renderListing } from "../../format/listing.ts";
import { statsListing, statsRow } from "../../format/stats-row.ts";
import { openByteSink } from "../../output/byte-sink.ts";
import { failureMessage } from "../../output/failure.ts";
import { print, printError } from "../../output/output.ts";
import { visible } from "../../output/visible.ts";
import { atLeast, command } from "../../registry/command.ts";

/** Milliseconds between two prints of the table and two searches for new containers. */
const interval = 1000;

export const statsCommand = command({
  name: "stats",
  aliases: ["container stats"],
  summary: "Display a live stream of container(s) resource usage statistics",
  synopsis: "[OPTIONS] [CONTAINER...]",
  flags: {
    all: bool("Show all containers (default shows just running)", { short: "a" }),
    format: listFormatFlag,
    "no-stream": bool("Disable streaming stats and only pull the first result"),
    "no-trunc": bool("Do not truncate output"),
  },
  arguments: atLeast(0),
  examples: [{ line: "tbox stats --no-stream", purpose: "Print the usage of all running containers once" }],
  async run({ flags, positionals }) {
    const show = (samples: Iterable<StatsSample>) =>
      renderListing(
        statsListing,
        [...samples].map((one) => statsRow(one, !flags["no-trunc"])),
        flags,
      );
    const find = async () => (positionals.length > 0 ? positionals : await containerIds(flags.all));
    if (!flags["no-stream"]) return stream(find, show);
    const samples = (await find()).map((name) =>
      fetchJson("GET /containers/{name}/stats", { name, query: { stream: "0" } }),
    );
    await print(show(await Promise.all(samples)));
    return 0;
  },
});

/** Prints the table repeatedly until a container's stream fails or this program ends. */
async function stream(
  find: () => Promise<string[]>,
  show: (samples: Iterable<StatsSample>) => string,
): Promise<number> {
  const terminal = process.stdout.isTTY === true;
  const samples = new Map<string, StatsSample>();
  const followed = new Set<string>();
  let code = 0;
  const follow = async (name: string) => {
    try {
      for await (const sample of fetchLines("GET /containers/{name}/stats", { name })) {
        samples.set(name, sample);
      }
    } catch (error) {
      printError(failureMessage(error));
      code = 1;
    } finally {
      samples.delete(name);
      followed.delete(name);
    }
  };
  const screen = openByteSink("stdout");
  for (;;) {
    for (const name of await find()) {
      if (followed.has(name) || code !== 0) continue;
      followed.add(name);
      void follow(name);
    }
    if (code !== 0) return code;
    if (terminal) await screen.write(Buffer.from(`\x1b[H\x1b[J${visible(show(samples.values()))}`));
    else if (samples.size > 0) await print(show(samples.values()));
    await Bun.sleep(interval);
  }
}

async function containerIds(all: boolean): Promise<string[]> {
  const query = { all: all ? "1" : undefined };
  return (await fetchJson("GET /containers/json", { query })).map(({ Id }) => Id);
}
