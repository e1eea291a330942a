import { networkInterfaces } from "node:os";
import { z } from "zod";
import { fetchJson } from "#client/endpoints.ts";
import { TboxError } from "#support/errors.ts";
import { type BenchmarkOptions, runBenchmark } from "../benchmark.ts";
import { splitInstalled } from "../installed-peers.ts";
import { interleaved } from "../measure/rounds.ts";
import { output } from "../output.ts";
import { ownCommand } from "../own-command.ts";
import type { BenchResult, Group, Series } from "../result.ts";
import { openForwarders, type Place } from "./forwarders.ts";

export interface NetworkOptions extends BenchmarkOptions {
  peers: readonly string[];
}

/** Measures starts on the kinds of networks, and the throughput of a published port and of connections to the host. */
export function benchmarkNetworks(options: NetworkOptions): Promise<BenchResult> {
  if (Bun.which("iperf3") === null) {
    throw new TboxError("unavailable", "iperf3 is not installed: install it with your package manager");
  }
  return runBenchmark("network", async (directory) => {
    const { installed, skipped } = splitInstalled(options.peers);
    const groups = [
      await measureStarts(options),
      ...(await measureThroughput(options, directory, installed)),
    ];
    const { DockerRootDir: storage } = await fetchJson("GET /info");
    return { groups, skipped, storage, settings: { rounds: String(options.rounds), host: hostAddress() } };
  });
}

/** Starts containers on no network, the default one, and a user-defined one. */
async function measureStarts({ rounds, signal, progress }: NetworkOptions): Promise<Group> {
  const network = `tbox-bench-${process.pid}`;
  output(ownCommand("network", "create", network));
  try {
    const candidates = ["none", "bridge", network].map((name) => ({
      name: name === network ? "user-defined" : name,
      command: ownCommand("run", "--rm", "--network", name, "hello"),
    }));
    const title = "start, by network";
    progress(title);
    const given = { rounds: rounds * 10, warmups: 3, pause: 20, signal };
    return await interleaved({ id: "starts", title, unit: "ms", comparable: true }, candidates, given);
  } finally {
    output(ownCommand("network", "rm", network));
  }
}

/** Runs iperf3 with one stream for a second, in both directions, through each place in turn. */
async function measureThroughput(
  { rounds, signal, progress }: NetworkOptions,
  directory: string,
  peers: readonly string[],
): Promise<Group[]> {
  progress("throughput");
  const host = hostAddress();
  await using places = await openForwarders({ directory, host, peers });
  const kinds = [
    { id: "published-in", title: "published port, to the container", args: published(host) },
    { id: "published-out", title: "published port, from the container", args: reversed(published(host)) },
    { id: "outside-out", title: "to the outside", args: outward(host) },
    { id: "outside-in", title: "from the outside", args: reversed(outward(host)) },
  ];
  const groups = kinds.map(
    ({ id, title }): Group => ({ id, title, unit: "Gbit/s", comparable: true, series: [] }),
  );
  for (let round = 0; round < rounds; round++) {
    for (const place of places.all) {
      for (const [index, { args }] of kinds.entries()) {
        signal.throwIfAborted();
        const command = args(place);
        if (command !== undefined) seriesOf(groups[index], place.name).samples.push(await rate(command));
      }
    }
  }
  return groups;
}

type CommandOf = (place: Place) => string[] | undefined;

function published(host: string): CommandOf {
  return (place) => ["iperf3", "-c", host, "-p", String(place.published)];
}

function outward(host: string): CommandOf {
  return ({ enter, outward: port }) =>
    port === undefined ? undefined : [...enter, "iperf3", "-c", host, "-p", String(port)];
}

function reversed(command: CommandOf): CommandOf {
  return (place) => {
    const words = command(place);
    return words === undefined ? undefined : [...words, "-R"];
  };
}

function seriesOf(group: Group | undefined, name: string): Series {
  const found = group?.series.find((one) => one.name === name);
  if (found !== undefined) return found;
  const series: Series = { name, samples: [], failures: 0 };
  group?.series.push(series);
  return series;
}

/** The parts of iperf3's report that are used. */
const report = z.object({
  error: z.string().optional(),
  end: z.object({ sum_received: z.object({ bits_per_second: z.number() }).optional() }).optional(),
});

/** Returns the receiver's rate in Gbit/s. */
async function rate(command: string[], attempts = 50): Promise<number> {
  const child = Bun.spawn([...command, "-t", "1", "-J"], { stdio: ["ignore", "pipe", "pipe"] });
  const { error, end } = report.parse(JSON.parse((await new Response(child.stdout).text()) || "{}"));
  const bits = end?.sum_received?.bits_per_second;
  if (bits !== undefined) return bits / 1e9;
  // The server may not have finished the previous run yet.
  if (!error?.includes("busy") || attempts === 0) {
    throw new TboxError(
      "internal",
      `${command.join(" ")}: ${error ?? (await new Response(child.stderr).text())}`,
    );
  }
  await Bun.sleep(100);
  return rate(command, attempts - 1);
}

/** Returns an external address, so that the client's address is kept; loopback on a machine without one. */
function hostAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
