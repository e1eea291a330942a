/**
 * Measures how much slower a neighbour becomes while a container floods: the start of a container, requests between two
 * containers and through a published port, and lookups of names. Quiet and flooded rounds alternate, so that other work on
 * the machine changes both. Controls show the effect of busy processors alone: "processor" and "processors" use one and two
 * of them and no network, and "…, own loopback" is a flood that stays in its container. The last column is the helper's
 * share of a processor.
 *
 * Usage: bun bench/floods.ts TBOX SHELL.TAR PLACE [ROUNDS]
 */
import { type Flood, floods } from "#test/e2e/support/floods.ts";
import { linesOf } from "#test/support/lines.ts";
import { type BenchDaemon, startBenchDaemon } from "./support/daemon.ts";
import { netHelperTime } from "./support/process-sample.ts";

const [tbox, shell, place, rounds = "5"] = process.argv.slice(2);
if (tbox === undefined || shell === undefined || place === undefined) {
  console.error("usage: bun bench/floods.ts TBOX SHELL.TAR PLACE [ROUNDS]");
  process.exit(2);
}

/** Measurements of each kind in a round. */
const repetitions = { start: 10, published: 60 };

/** Prints, for each line of its input, the milliseconds of 60 requests to TO and of 60 lookups of NAME. */
const client = `
  const { TO, NAME, RESOLVER } = process.env;
  const request = () => new Promise((done, fail) => void Bun.connect({ hostname: TO, port: 80, socket: {
    open: (socket) => void socket.write("GET / HTTP/1.0\\r\\n\\r\\n"), data() {}, close: done, connectError: fail } }).catch(fail));
  let answered;
  const socket = await Bun.udpSocket({ socket: { data: (_, data) => answered?.(data.readUInt16BE(0)) } });
  let id = 0;
  const lookup = async () => {
    const own = ++id % 65536;
    const head = Buffer.from([own >> 8, own & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    const question = Buffer.concat([head, Buffer.of(NAME.length), Buffer.from(NAME), Buffer.from([0, 0, 1, 0, 1])]);
    await new Promise((done) => {
      const send = () => socket.send(question, 53, RESOLVER);
      const again = setInterval(send, 1000);
      answered = (found) => { if (found === own) { clearInterval(again); done(); } };
      send();
    });
  };
  const timed = async (step) => {
    const times = [];
    for (let count = 0; count < 60; count++) {
      const begun = performance.now();
      await step();
      times.push(performance.now() - begun);
    }
    return times;
  };
  for await (const line of console) console.log(JSON.stringify({ request: await timed(request), lookup: await timed(lookup) }));`;

interface Times {
  start: number[];
  request: number[];
  lookup: number[];
  published: number[];
}
const kinds = ["start", "request", "lookup", "published"] as const;

/** End of the name of a flood that stays in its container. */
const alone = ", own loopback";

type Situation = "quiet" | "flooded";

/** A server and a client on a network of their own, or on the network of the flood. */
interface Neighbour {
  network: string;
  measure(): Promise<Times>;
  end(): void;
}

await using daemon = await startBenchDaemon(tbox, `${place}/floods`);
daemon.call("import", shell, "box");
const neighbours = [await openNeighbour(daemon, "other"), await openNeighbour(daemon, "shared")];
const results = new Map<string, Record<Situation, Times[]>[]>();
const kindsOfFlood = Object.keys(floods) as Flood[];
const onNetwork = kindsOfFlood.filter((flood) => !flood.startsWith("processor"));
const situations = [...kindsOfFlood, ...onNetwork.map((flood) => `${flood}${alone}`)];
/** The helper's share of a processor during each flood, a value for each round. */
const shares = new Map<string, number[]>();
for (let round = 0; round < Number(rounds); round++) {
  for (const flood of situations) {
    const known: Record<Situation, Times[]>[] =
      results.get(flood) ?? neighbours.map(() => ({ quiet: [], flooded: [] }));
    results.set(flood, known);
    for (const [index, one] of neighbours.entries()) known[index]?.quiet.push(await one.measure());
    const id = await startFlood(daemon, flood);
    const [begun, used] = [performance.now(), helperTime()];
    for (const [index, one] of neighbours.entries()) known[index]?.flooded.push(await one.measure());
    const share = (helperTime() - used) / (performance.now() - begun);
    shares.set(flood, [...(shares.get(flood) ?? []), share]);
    daemon.call("rm", "-f", id);
  }
}
console.log(
  `| flood | neighbour | ${kinds.map((kind) => `${kind}, ms`).join(" | ")} | helper, of a processor |`,
);
console.log(`| --- | --- |${" --- |".repeat(kinds.length + 1)}`);
for (const [flood, found] of results) {
  for (const [index, { quiet, flooded }] of found.entries()) {
    const cells = kinds.map((kind) => {
      const [before, during] = [quiet, flooded].map((times) => median(times.flatMap((one) => one[kind])));
      return `${before?.toFixed(2)} → ${during?.toFixed(2)}, ${((during ?? 0) / (before ?? 1)).toFixed(2)} ×`;
    });
    const share = `${(100 * (median(shares.get(flood) ?? []) ?? 0)).toFixed(0)} %`;
    console.log(`| ${flood} | network ${neighbours[index]?.network} | ${cells.join(" | ")} | ${share} |`);
  }
}
for (const one of neighbours) one.end();

async function openNeighbour({ call, environment }: BenchDaemon, network: string): Promise<Neighbour> {
  call("network", "create", network);
  const serve = "mkdir /www; echo answer >/www/index.html; httpd -p 80 -h /www; exec sleep 100000";
  const name = `server-${network}`;
  call("run", "-d", "--name", name, "--network", network, "-p", "127.0.0.1::80", "box", "sh", "-c", serve);
  const address = call("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
  const resolver = /^nameserver (\S+)/m.exec(call("exec", name, "cat", "/etc/resolv.conf"))?.[1] ?? "";
  const published = `http://${call("port", name, "80/tcp")}/`;
  const settings = Object.entries({ TMPDIR: "/tmp", TO: address, NAME: name, RESOLVER: resolver });
  const options = settings.flatMap(([key, value]) => ["-e", `${key}=${value}`]);
  const command = [
    "run",
    "-i",
    "--network",
    network,
    ...options,
    "--rootfs",
    "/",
    process.execPath,
    "-e",
    client,
  ];
  const child = Bun.spawn([tbox ?? "", ...command], {
    env: environment,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = linesOf(child.stdout);
  return {
    network,
    end: () => child.kill(),
    async measure() {
      child.stdin.write("\n");
      child.stdin.flush();
      const { value = "{}" } = await lines.next();
      const inside: Pick<Times, "request" | "lookup"> = JSON.parse(value);
      const start = () => call("run", "--rm", "--network", network, "box", "true");
      const get = async () => void (await (await fetch(published, { keepalive: false })).text());
      return {
        ...inside,
        start: await timed(start, repetitions.start),
        published: await timed(get, repetitions.published),
      };
    },
  };
}

function helperTime(): number {
  return netHelperTime(daemon.environment.TBOX_RUN_DIR ?? "");
}

/** Starts a container that floods its network, its neighbour there and the resolver; returns its ID. */
async function startFlood({ call }: BenchDaemon, situation: string): Promise<string> {
  const flood = kindsOfFlood.find((kind) => kind === situation.replace(alone, "")) ?? "datagrams";
  const format = '{{with index .NetworkSettings.Networks "shared"}}{{.IPAddress}} {{.Gateway}}{{end}}';
  const [address, gateway] = call("inspect", "-f", format, "server-shared").split(" ");
  const resolver = /^nameserver (\S+)/m.exec(call("exec", "server-shared", "cat", "/etc/resolv.conf"))?.[1];
  const remote = flood === "names" ? [resolver] : [address, gateway];
  const targets = situation.endsWith(alone) ? ["127.0.0.1"] : remote;
  const options = ["-d", "--network", "shared", "-e", "TMPDIR=/tmp", "-e", `TARGETS=${targets.join(" ")}`];
  const id = call("run", ...options, "--rootfs", "/", process.execPath, "-e", floods[flood]);
  while (!call("logs", id).includes("flooding")) await Bun.sleep(20);
  return id;
}

async function timed(step: () => unknown, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    await step();
    times.push(performance.now() - begun);
  }
  return times;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
