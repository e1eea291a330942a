/**
 * Measures the cost of joining a network during a start, fifty concurrent starts, and iperf3 through published ports and
 * to the outside, compared with pasta, slirp4netns and the host itself. All runs are interleaved.
 *
 * Usage: bun bench/network.ts TBOX ROOTFS DIRECTORY [ROUNDS]
 */
import { loadavg, networkInterfaces } from "node:os";
import { environmentOf } from "./support/environment.ts";
import { forwarders, type Place } from "./support/forwarders.ts";
import { quantile } from "./support/measure.ts";

const [tbox = "", rootfs = "", directory, roundsText = "5"] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: bun bench/network.ts TBOX ROOTFS DIRECTORY [ROUNDS]");
  process.exit(2);
}
const rounds = Number(roundsText);
const environment = environmentOf(process.env);
const image = "bench-true";
const network = "bench";

/** An external address, so that the client's address is kept; loopback on a machine without one. */
const host =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find((one) => one.family === "IPv4" && !one.internal)?.address ?? "127.0.0.1";

console.log(`networks; load average ${loadavg()[0]?.toFixed(2)} before\n`);
const archive = Bun.spawnSync(["tar", "-C", rootfs, "-c", "."], { stderr: "inherit" }).stdout;
call(["import", "-", image], archive);
call(["network", "create", network]);
try {
  printJoining();
  await printFifty();
  await printThroughput(directory);
} finally {
  Bun.spawnSync([tbox, "network", "rm", network], { env: environment, stderr: "inherit" });
}
console.log(`\nload average ${loadavg()[0]?.toFixed(2)} after`);

/** Runs `tbox`; throws when it fails. */
function call(args: string[], stdin?: Uint8Array): string {
  const result = Bun.spawnSync([tbox, ...args], {
    env: environment,
    stdin: stdin ?? "ignore",
    stderr: "pipe",
  });
  if (result.exitCode !== 0) throw new Error(`tbox ${args.join(" ")}: ${result.stderr}`);
  return result.stdout.toString().trim();
}

/** Times from the request's arrival to the launch message, and to the executed program. */
function printJoining(): void {
  // No prepared namespace has a requested hardware address, so the namespace is created during the start.
  const modes: [string, string[]][] = [
    ["none", ["--network", "none"]],
    ["bridge, ready", []],
    ["bridge, made then", ["--mac-address", "02:00:00:00:00:01"]],
    ["user-defined", ["--network", network]],
  ];
  const times = modes.map(([name, options]) => ({
    name,
    options,
    joined: [] as number[],
    all: [] as number[],
  }));
  for (let round = 0; round < rounds * 10; round++) {
    for (const { options, joined, all } of times) {
      Bun.sleepSync(60);
      const id = call(["run", "-d", ...options, image, "/bin/true"]);
      const phases: { Name: string; Microseconds: number }[] = JSON.parse(
        call(["inspect", "-f", "{{json .Tbox.Phases}}", id]),
      );
      const at = (name: string) => phases.find((phase) => phase.Name === name)?.Microseconds ?? 0;
      joined.push(at("prepared") - at("resolved"));
      all.push(at("executed"));
      call(["rm", "-f", id]);
    }
  }
  console.log(`joining, microseconds, ${rounds * 10} starts each`);
  console.log("                    in the daemon        until the program is executed");
  console.log("                       min      p50         min      p50");
  for (const { name, joined, all } of times) {
    const [least, middle, leastOfAll, middleOfAll] = [joined, all]
      .flatMap((values) => [Math.min(...values), median(values)])
      .map((value) => value.toFixed(0).padStart(8));
    console.log(`${name.padEnd(18)}${least} ${middle}    ${leastOfAll} ${middleOfAll}`);
  }
}

async function printFifty(): Promise<void> {
  const socket = `${environment.TBOX_RUN_DIR}/tbox.sock`;
  const api = async (method: string, path: string, body?: object) => {
    const response = await fetch(`http://tbox${path}`, {
      unix: socket,
      method,
      ...(body ? { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response.status === 201 ? ((await response.json()) as { Id: string }).Id : "";
  };
  const create = { Image: image, Cmd: ["/bin/true"], HostConfig: { NetworkMode: network } };
  const ids: string[] = [];
  for (let count = 0; count < 100; count++) ids.push(await api("POST", "/containers/create", create));
  const start = (id: string) => api("POST", `/containers/${id}/start`);
  const one = await timed(async () => {
    for (const id of ids.slice(0, 50)) await start(id);
  });
  const all = await timed(() => Promise.all(ids.slice(50).map(start)));
  console.log("\n50 starts on one network, milliseconds");
  console.log(
    `one after the other ${one.toFixed(0)}, at once ${all.toFixed(0)}: ${(all / one).toFixed(2)} of it`,
  );
  await Promise.all(ids.map((id) => api("DELETE", `/containers/${id}?force=1`)));
}

async function printThroughput(place: string): Promise<void> {
  await using places = await forwarders({ tbox, environment, directory: place, host });
  const figures = new Map<string, number[]>();
  const note = (key: string, value: number) => figures.set(key, [...(figures.get(key) ?? []), value]);
  for (let round = 0; round < rounds; round++) {
    for (const one of places.all) {
      note(`${one.name} to`, iperf([], ["-c", host, "-p", String(one.published)]));
      note(`${one.name} from`, iperf([], ["-c", host, "-p", String(one.published), "-R"]));
      if (one.outward === undefined) continue;
      note(`${one.name} out`, iperf(one.enter, ["-c", host, "-p", String(one.outward)]));
      note(`${one.name} in`, iperf(one.enter, ["-c", host, "-p", String(one.outward), "-R"]));
    }
  }
  console.log(`\niperf3, one stream, Gbit/s, medians of ${rounds} runs of a second`);
  console.log("               published port           from inside");
  console.log("               to        from           out        in");
  for (const { name } of places.all) {
    const columns = ["to", "from", "out", "in"].map((key) => {
      const found = figures.get(`${name} ${key}`);
      return (found ? median(found).toFixed(2) : "-").padStart(7);
    });
    console.log(`${name.padEnd(12)} ${columns[0]}   ${columns[1]}        ${columns[2]}   ${columns[3]}`);
  }
}

/** Returns the receiver's rate in Gbit/s. */
function iperf(enter: Place["enter"], args: string[]): number {
  // The server may not have finished the previous run yet.
  Bun.sleepSync(100);
  const result = Bun.spawnSync([...enter, "iperf3", ...args, "-t", "1", "-J"], {
    env: environment,
    stderr: "pipe",
  });
  const report: { error?: string; end?: { sum_received?: { bits_per_second: number } } } = JSON.parse(
    result.stdout.toString() || "{}",
  );
  const bits = report.end?.sum_received?.bits_per_second;
  if (report.error?.includes("busy")) return iperf(enter, args);
  if (bits === undefined) throw new Error(`iperf3 ${args.join(" ")}: ${report.error ?? result.stderr}`);
  return bits / 1e9;
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const before = Bun.nanoseconds();
  await action();
  return (Bun.nanoseconds() - before) / 1e6;
}

function median(values: number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
