import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { killTrees, processesMentioning } from "#test/support/processes.ts";
import { printed } from "#test/support/program.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

/**
 * A separate host for the daemon: a network namespace without any interface that is up. It runs the lines of the pipe in the
 * first argument, each with the file of its output.
 */
const host = ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"];
const script = `while read -r output line; do sh -c "$line" >"$output.new" 2>&1; mv "$output.new" "$output"; done <>"$1" &
  shift; exec "$@"`;

const obstacle =
  shellUnavailable ??
  (Bun.spawnSync([...host, "true"]).exitCode === 0 ? undefined : "no user namespace to test in");
if (obstacle !== undefined) console.error(`skipped: ${obstacle}`);

const first = "198.51.100.2";
const second = "203.0.113.2";

describe.skipIf(obstacle !== undefined)("a host whose network comes and changes", () => {
  const directory = temporaryDirectory("host");
  const { path } = directory;
  let daemon: TestDaemon;
  let lines = 0;
  /** Runs a command on the host, and returns its output with its errors. */
  const onHost = async (line: string) => {
    const output = `${path}/${lines++}`;
    appendFileSync(`${path}/lines`, `${output} ${line}\n`);
    await until(() => existsSync(output));
    return readFileSync(output, "utf8");
  };
  const inContainer = async (...words: string[]) => (await daemon.tbox(["exec", "runs", ...words])).stdout;

  beforeAll(async () => {
    await printed(["mkfifo", `${path}/lines`]);
    daemon = await startDaemon({}, undefined, [...host, "sh", "-c", script, "sh", `${path}/lines`]);
    await loadShell(daemon, "box:1");
    // Nothing on the host is up when the container and its network are made.
    await daemon.printed("network", "create", "mine");
    const serve = ["sh", "-c", "while :; do echo container | nc -l -p 80; done"];
    await daemon.printed(
      "run",
      "-d",
      "--name",
      "runs",
      "--network",
      "mine",
      "-p",
      "18080:80",
      "box:1",
      ...serve,
    );
    // The end of the test finds the server by the directory in its command line.
    await onHost(`: ${path}; while :; do echo host | busybox nc -l -p 18081; done &`);
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    await killTrees(processesMentioning(path));
    directory[Symbol.dispose]();
  });

  /** Adds an interface with an address to the host. */
  async function connect(name: string, address: string): Promise<void> {
    const steps = [
      `link add ${name} type bridge`,
      `address add ${address}/24 dev ${name}`,
      `link set ${name} up`,
    ];
    expect(await onHost(steps.map((step) => `busybox ip ${step}`).join(" && "))).toBe("");
  }

  test("reaches the host's first address when it appears", async () => {
    await onHost("busybox ip link set lo up");
    await connect("wired", first);
    await until(async () => (await inContainer("nc", "-w", "2", first, "18081")) === "host\n");
    await until(async () => (await onHost(`busybox nc -w 2 ${first} 18080`)) === "container\n");
  });

  test("uses another interface and address after the first one has vanished", async () => {
    await onHost("busybox ip link del wired");
    await connect("wireless", second);
    await until(async () => (await inContainer("nc", "-w", "2", second, "18081")) === "host\n");
    await until(async () => (await onHost(`busybox nc -w 2 ${second} 18080`)) === "container\n");
    expect((await daemon.tbox(["exec", "runs", "nc", "-w", "2", first, "18081"])).code).not.toBe(0);
  });
});
