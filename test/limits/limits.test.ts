import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { shellUnavailable } from "#test/e2e/support/images.ts";
import { docker, dockerUnavailable } from "#test/support/docker.ts";
import { until } from "#test/support/until.ts";
import { limitsUnavailable } from "./support/cgroups.ts";
import { type Limited, openLimited } from "./support/limited.ts";

const skipped = shellUnavailable ?? limitsUnavailable;
if (skipped !== undefined) console.error(`skipped: ${skipped}`);

const mebibyte = 1024 * 1024;
/** Number of out-of-memory kills; `TBOX_TEST_ROUNDS` overrides it. */
const rounds = Number(process.env.TBOX_TEST_ROUNDS ?? 3);
/** A program that uses memory without limit: a variable that doubles. */
const hog = "x=0123456789abcdef; while :; do x=$x$x; done";

describe.skipIf(skipped !== undefined)("limits", () => {
  let limited: Limited;
  beforeAll(async () => {
    limited = await openLimited();
  });
  afterAll(() => limited?.[Symbol.asyncDispose]());
  afterEach(() => limited?.clear());
  const tbox = (...args: string[]) => limited.tbox(...args);
  const microseconds = async (name: string) =>
    Number(/^usage_usec (\d+)/m.exec(await limited.read(name, "cpu.stat"))?.[1]);

  test("every limit is set in the container's cgroup before its program runs", async () => {
    const options = ["-m", "64m", "--memory-swap", "96m", "--memory-reservation", "32m", "--cpus", "0.5"];
    const more = ["--network", "none", "--cpu-shares", "512", "--pids-limit", "50"];
    const script = "cd /sys/fs/cgroup; cat memory.max memory.low cpu.max cpu.weight pids.max";
    const { stdout, stderr } = await tbox("run", "--rm", ...options, ...more, "box:1", "sh", "-c", script);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      String(64 * mebibyte),
      String(32 * mebibyte),
      "50000 100000",
      "20",
      "50",
      "",
    ]);
  });

  test("the default limit is one on processes, and inspect shows it", async () => {
    await limited.start("plain", [], "sleep", "1000");
    expect(await limited.read("plain", "pids.max")).toBe("4096");
    expect(await limited.read("plain", "memory.max")).toBe("max");
    expect((await limited.inspect("plain")).HostConfig).toMatchObject({ PidsLimit: 4096, Memory: 0 });
    await limited.start("free", ["--pids-limit", "-1"], "sleep", "1000");
    expect(await limited.read("free", "pids.max")).toBe("max");
  });

  test("a program above its memory limit is killed, which inspect, events and the exit code show", async () => {
    await limited.start("neighbour", [], "sleep", "1000");
    for (let round = 0; round < rounds; round++) {
      const name = `hog-${round}`;
      const options = ["--network", "none", "--name", name, "-m", "8m", "--memory-swap", "8m"];
      const { code } = await tbox("run", ...options, "box:1", "sh", "-c", hog);
      const { State } = await limited.inspect(name);
      expect({ code, ...State }).toMatchObject({
        code: 137,
        OOMKilled: true,
        ExitCode: 137,
        Status: "exited",
      });
      const filters = JSON.stringify({ container: [name], event: ["oom", "die"] });
      const path = `/events?since=0&until=${Date.now() / 1000}&filters=${encodeURIComponent(filters)}`;
      const events = await (await limited.daemon.request("GET", path)).text();
      expect(events.match(/"Action":"\w+"/g)).toEqual(['"Action":"oom"', '"Action":"die"']);
    }
    expect((await limited.inspect("neighbour")).State.Running).toBe(true);
  });

  test("the out-of-memory kill of a child is reported at once, and its parent continues", async () => {
    const script = `sh -c '${hog}'; echo $? >/code; exec sleep 1000`;
    await limited.start("parent", ["-m", "8m", "--memory-swap", "8m"], "sh", "-c", script);
    await until(async () => (await tbox("exec", "parent", "cat", "/code")).stdout === "137\n");
    expect((await limited.inspect("parent")).State).toMatchObject({ OOMKilled: true, Running: true });
  });

  test("a SIGKILL from outside is not reported as out of memory", async () => {
    await limited.start("killed", ["-m", "24m"], "sleep", "1000");
    await tbox("kill", "killed");
    expect((await limited.inspect("killed")).State).toMatchObject({ OOMKilled: false, ExitCode: 137 });
  });

  test("a fork bomb stops at its limit, and can be removed while it runs", async () => {
    const bomb = "bomb() { bomb | bomb & }; while :; do bomb; done";
    await limited.start("bomb", ["--pids-limit", "64"], "sh", "-c", bomb);
    await until(async () => /^max [1-9]/m.test(await limited.read("bomb", "pids.events")));
    expect(Number(await limited.read("bomb", "pids.current"))).toBeLessThanOrEqual(64);
    // The machine and the daemon still respond.
    expect(Bun.spawnSync(["ps", "-e"]).exitCode).toBe(0);
    expect((await tbox("rm", "-f", "bomb")).code).toBe(0);
  });

  test("--cpus 0.5 uses half of the elapsed time", async () => {
    await limited.start("spinner", ["--cpus", "0.5"], "sh", "-c", "while :; do :; done");
    await until(async () => (await microseconds("spinner")) > 100_000);
    const [before, begun] = [await microseconds("spinner"), performance.now()];
    await until(async () => /^nr_throttled ([2-9]\d|\d{3})/m.test(await limited.read("spinner", "cpu.stat")));
    const share = ((await microseconds("spinner")) - before) / (performance.now() - begun) / 1000;
    // Other work of the machine takes from the share.
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.75);
  });

  test("the write rate of a disk is limited where the kernel supports it", async () => {
    const device = blockDevice();
    const rates = ["--device-write-bps", `${device}:4mb`, "--device-read-iops", `${device}:7`];
    const script = "while :; do dd if=/dev/zero of=/file bs=64k count=16 oflag=direct; done";
    await limited.start("disk", rates, "sh", "-c", script);
    const max = await limited.read("disk", "io.max");
    expect(max).toContain(`wbps=${4 * mebibyte}`);
    expect(max).toContain("riops=7");
    if (!isOn(limited.daemon.data, device)) return;
    const written = async () => Number(/ wbytes=(\d+)/.exec(await limited.read("disk", "io.stat"))?.[1]);
    await until(async () => (await written()) > 2 * mebibyte);
    const [before, begun] = [await written(), performance.now()];
    await until(async () => (await written()) - before > 6 * mebibyte);
    const rate = ((await written()) - before) / (performance.now() - begun) / 1000;
    expect(rate).toBeLessThan(8);
  });

  test("CPUs and memory nodes are restricted where the kernel supports it", async () => {
    const { code, stdout, stderr } = await tbox(
      ...["run", "--rm", "--cpuset-cpus", "0", "--cpuset-mems", "0", "box:1"],
      ...["cat", "/sys/fs/cgroup/cpuset.cpus", "/sys/fs/cgroup/cpuset.mems"],
    );
    if (offered("cpuset")) expect(stdout).toBe("0\n0\n");
    else expect({ code, stderr }).toMatchObject({ code: 125, stderr: expect.stringContaining('"cpuset"') });
  });

  test("an update takes effect at once, and one that the kernel refuses changes nothing", async () => {
    await limited.start("changed", ["-m", "64m"], "sleep", "1000");
    const changes = ["-m", "48m", "--memory-swap", "-1", "--cpus", "0.25", "--pids-limit", "9"];
    expect(await tbox("update", ...changes, "changed")).toMatchObject({ code: 0, stdout: "changed\n" });
    expect(await limited.read("changed", "memory.max")).toBe(String(48 * mebibyte));
    expect(await limited.read("changed", "cpu.max")).toBe("25000 100000");
    expect(await limited.read("changed", "pids.max")).toBe("9");
    const shown = { Memory: 48 * mebibyte, NanoCpus: 250_000_000, PidsLimit: 9 };
    expect((await limited.inspect("changed")).HostConfig).toMatchObject(shown);
    const { stderr } = await tbox("update", "--pids-limit", "11", "--cpu-quota", "5000", "changed");
    expect(stderr).toContain("CPU Quota cannot be updated as NanoCPUs has already been set");
    expect(await limited.read("changed", "pids.max")).toBe("9");
    await tbox("restart", "-t", "0", "changed");
    expect(await limited.read("changed", "memory.max")).toBe(String(48 * mebibyte));
  });

  test("statistics equal the values in the kernel's files", async () => {
    const script = "dd if=/dev/zero of=/file bs=64k count=4 conv=fsync; sleep 1000 & sleep 1000 & wait";
    await limited.start("counted", ["-m", "64m", "--pids-limit", "20"], "sh", "-c", script);
    await until(async () => (await limited.read("counted", "pids.current")) === "3");
    // The container is paused, so two readings are equal.
    await tbox("pause", "counted");
    const path = "/containers/counted/stats?stream=0&one-shot=1";
    const response = await limited.daemon.request("GET", path);
    const stats = (await response.json()) as CountedStats;
    expect(stats).toMatchObject({
      name: "/counted",
      pids_stats: { current: 3, limit: 20 },
      memory_stats: { limit: 64 * mebibyte, usage: Number(await limited.read("counted", "memory.current")) },
      cpu_stats: { cpu_usage: { total_usage: (await microseconds("counted")) * 1000 } },
    });
    expect(stats.memory_stats.stats.anon).toBeGreaterThan(0);
    const disks = (await limited.read("counted", "io.stat")).matchAll(/^(\d+):(\d+) .*wbytes=(\d+)/gm);
    const writes = [...disks].map(([, ...fields]) => fields.map(Number));
    expect(
      (stats.blkio_stats.io_service_bytes_recursive ?? [])
        .filter(({ op }) => op === "write")
        .map(({ major, minor, value }) => [major, minor, value]),
    ).toEqual(writes);
    const pressure = existsSync("/proc/pressure/cpu") ? await limited.read("counted", "memory.pressure") : "";
    expect(stats.Tbox.Pressure.memory?.some?.total ?? 0).toBe(
      Number(/some .*total=(\d+)/.exec(pressure)?.[1] ?? 0),
    );
    const template = "{{.Name}} {{.PIDs}} {{.MemUsage}}";
    const { stdout } = await tbox("stats", "--no-stream", "--format", template);
    expect(stdout).toMatch(/^counted 3 [\d.]+[KM]iB \/ 64MiB\n$/);
  });

  test("a program of exec counts towards the container's limits", async () => {
    await limited.start("host", ["--pids-limit", "4"], "sleep", "1000");
    expect((await tbox("exec", "host", "cat", "/proc/self/cgroup")).stdout).toMatch(/^0::\/$/m);
    const script = "sleep 5 & sleep 5 & sleep 5 & sleep 5 & sleep 5";
    expect((await tbox("exec", "host", "sh", "-c", script)).stderr).toContain("can't fork");
  });

  test("a container with writable cgroups cannot change its own limits", async () => {
    const option = ["--security-opt", "writable-cgroups", "-m", "64m"];
    const script = "echo max >/sys/fs/cgroup/memory.max; cat /proc/self/cgroup; exec sleep 1000";
    await limited.start("inside", option, "sh", "-c", script);
    await until(async () => (await tbox("logs", "inside")).stdout.includes("0::/\n"));
    expect(await limited.read("inside", "memory.max")).toBe(String(64 * mebibyte));
  });

  test("an out-of-memory kill while no daemon runs is known to the next daemon", async () => {
    const script = `while [ ! -e /go ]; do sleep 0.05; done; ${hog}`;
    await limited.start("alone", ["-m", "8m", "--memory-swap", "8m"], "sh", "-c", script);
    const pid = (await limited.inspect("alone")).State.Pid;
    await tbox("exec", "alone", "touch", "/go");
    await limited.daemon.kill();
    await until(() => !readdirSync("/proc").includes(String(pid)));
    await limited.daemon.start();
    expect((await limited.inspect("alone")).State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
  });

  test.skipIf(dockerUnavailable !== undefined)("the docker CLI sets, shows and changes limits", async () => {
    const call = (...args: string[]) => docker(limited.daemon.socket, args);
    const options = ["-m", "64m", "--cpus", "0.5", "--pids-limit", "30"];
    const run = ["run", "-d", "--network", "none", "--name", "theirs", ...options, "box:1", "sleep", "1000"];
    expect((await call(...run)).code).toBe(0);
    expect(await limited.read("theirs", "memory.max")).toBe(String(64 * mebibyte));
    const { stdout } = await call("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}} {{.MemUsage}}");
    expect(stdout).toMatch(/^theirs 1 [\d.]+[KM]iB \/ 64MiB\n$/);
    const change = ["update", "-m", "32m", "--memory-swap", "64m", "--pids-limit", "40", "theirs"];
    expect(await call(...change)).toMatchObject({ code: 0, stdout: "theirs\n" });
    expect(await limited.read("theirs", "memory.max")).toBe(String(32 * mebibyte));
    expect(await limited.read("theirs", "pids.max")).toBe("40");
    expect(await call("pause", "theirs")).toMatchObject({ code: 0, stdout: "theirs\n" });
    expect((await call("ps", "--format", "{{.Status}}")).stdout).toContain("(Paused)");
    expect((await call("unpause", "theirs")).code).toBe(0);
  });

  /** Whether a controller is available to the daemon. */
  function offered(controller: string): boolean {
    return readFileSync(`${limited.cgroups}/cgroup.controllers`, "utf8").split(/\s+/).includes(controller);
  }
});

describe.skipIf(skipped !== undefined)("a daemon with only the memory and pids controllers", () => {
  let limited: Limited;
  beforeAll(async () => {
    limited = await openLimited(["memory", "pids"]);
  });
  afterAll(() => limited?.[Symbol.asyncDispose]());

  test("enforces these limits and refuses others with the missing controller and a remedy", async () => {
    const { tbox } = limited;
    const held = ["run", "--rm", "-m", "64m", "box:1", "cat", "/sys/fs/cgroup/memory.max"];
    expect((await tbox(...held)).stdout).toBe(`${64 * mebibyte}\n`);
    const { code, stderr } = await tbox("run", "--rm", "-m", "64m", "--cpus", "0.5", "box:1", "true");
    expect(stderr).toMatch(/^tbox: NanoCpus needs the cgroup controller "cpu": .* not delegated.*\+cpu/);
    expect(code).toBe(125);
    const warned = await tbox(
      "run",
      "--rm",
      "--limits",
      "warn",
      "-m",
      "64m",
      "--cpus",
      "0.5",
      "box:1",
      "true",
    );
    expect(warned.code).toBe(0);
    expect(warned.stderr).toStartWith('WARNING: NanoCpus needs the cgroup controller "cpu"');
    const { stdout } = await tbox(
      "info",
      "-f",
      "{{.Tbox.CgroupControllers}} {{.MemoryLimit}} {{.CpuCfsQuota}}",
    );
    expect(stdout).toBe("[memory pids] true false\n");
    expect((await tbox("doctor")).stdout).toContain("limits by cpu: no --cpus: ");
  });
});

interface CountedStats {
  memory_stats: { stats: { anon: number } };
  blkio_stats: {
    io_service_bytes_recursive: { major: number; minor: number; op: string; value: number }[] | null;
  };
  Tbox: { Pressure: Record<string, Record<string, { total: number }>> };
}

/** Returns whether the file system of a directory is on a whole disk, not on a partition. */
function isOn(directory: string, device: string): boolean {
  return statSync(directory).dev === statSync(device).rdev;
}

/** Returns the path of a whole disk. */
function blockDevice(): string {
  const name = readdirSync("/sys/block").find((disk) => {
    try {
      return statSync(`/dev/${disk}`).isBlockDevice() && /^(ubd|vd|sd|nvme)/.test(disk);
    } catch {
      return false;
    }
  });
  if (name === undefined) throw new Error("there is no disk here");
  return `/dev/${name}`;
}
