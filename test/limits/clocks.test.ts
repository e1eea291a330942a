import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { shellUnavailable } from "#test/e2e/support/images.ts";
import { linesOf } from "#test/support/lines.ts";
import { processesMentioning } from "#test/support/processes.ts";
import { repository } from "#test/support/repository.ts";
import { until } from "#test/support/until.ts";
import { cgroupsUnavailable } from "./support/cgroups.ts";
import { clockUnavailable, moveClock } from "./support/clock.ts";
import { type Limited, openLimited } from "./support/limited.ts";

const skipped = shellUnavailable ?? cgroupsUnavailable ?? clockUnavailable;
if (skipped !== undefined) console.error(`skipped: ${skipped}`);

const day = 24 * 3600;
const jumps = [
  { name: "forward", seconds: day },
  { name: "back", seconds: -day },
];

/** State of a container with a health check that restarts. */
interface Observed {
  RestartCount: number;
  State: { Status: string; Health: { Status: string; FailingStreak: number; Log: unknown[] } };
}

describe.skipIf(skipped !== undefined).each(jumps)(
  "after the clock was set $name by a day",
  ({ name, seconds }) => {
    let limited: Limited;
    beforeAll(async () => {
      limited = await openLimited();
    });
    afterAll(async () => {
      await limited?.[Symbol.asyncDispose]();
    });
    const observe = async (container: string) => (await limited.inspect(container)) as unknown as Observed;
    const counter = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done"];

    test("a health check goes on, and its start period lasts", async () => {
      const check = [
        "--health-cmd",
        "false",
        "--health-interval",
        "200ms",
        "--health-start-interval",
        "200ms",
      ];
      const options = [...check, "--health-start-period", "1h", "--health-retries", "2"];
      await limited.start("checked", options, "sleep", "1000");
      await until(async () => (await observe("checked")).State.Health.Log.length > 0);
      await moveClock(seconds);
      // The log has five entries at most, so these are probes after the change.
      const before = JSON.stringify((await observe("checked")).State.Health.Log);
      await until(async () => {
        const { Log } = (await observe("checked")).State.Health;
        return Log.length === 5 && !before.includes(JSON.stringify(Log[0]));
      });
      expect((await observe("checked")).State.Health.Status).toBe("starting");
      await limited.tbox("rm", "-f", "checked");
    });

    test("a restart policy goes on", async () => {
      await limited.start("failing", ["--restart", "always"], "false");
      await until(async () => (await observe("failing")).RestartCount > 0);
      await moveClock(seconds);
      const { RestartCount } = await observe("failing");
      await until(async () => (await observe("failing")).RestartCount > RestartCount + 1);
      await limited.tbox("rm", "-f", "failing");
    });

    test("logs and events arrive in their order", async () => {
      await limited.start("talking", [], ...counter);
      const command = [`${repository}/dist/tbox`, "logs", "-f", "talking"];
      const follower = Bun.spawn(command, { env: limited.daemon.environment, stdout: "pipe" });
      const lines = linesOf(follower.stdout);
      const first = await lines.next();
      await moveClock(seconds);
      const numbers = [Number(String(first.value).split(" ")[1])];
      while (numbers.length < 20) numbers.push(Number(String((await lines.next()).value).split(" ")[1]));
      follower.kill();
      expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
      const { stdout } = await limited.tbox("logs", "--tail", "1", "talking");
      expect(Number(stdout.split(" ")[1])).toBeGreaterThanOrEqual(numbers.at(-1) ?? 0);
      const { stdout: events } = await limited.tbox("events", "--since", "1m", "--until", "0s");
      // Events before the change have times of another day.
      expect(events).not.toContain("talking");
      await limited.tbox("rm", "-f", "talking");
    });

    test("stop, wait and the next daemon work", async () => {
      await limited.start("stubborn", [], "sh", "-c", "trap : TERM; while :; do sleep 0.1; done");
      const waiting = limited.tbox("wait", "stubborn");
      const stopping = limited.tbox("stop", "-t", "2", "stubborn");
      await moveClock(seconds);
      expect(await stopping).toMatchObject({ code: 0 });
      expect((await waiting).stdout).toBe("137\n");
      await limited.start("lasting", [], "sleep", "1000");
      await limited.daemon.kill();
      await moveClock(-seconds);
      await limited.daemon.start();
      expect((await limited.inspect("lasting")).State).toMatchObject({ Running: true });
      expect((await limited.tbox("ps", "--format", "{{.Names}} {{.Status}}")).stdout).toMatch(/^lasting Up /);
      await limited.tbox("rm", "-f", "stubborn", "lasting");
    });

    test(`a build uses its cache (${name})`, async () => {
      const build = ["sh", "-c", `printf 'FROM box:1\nRUN echo built >/built\n' | "$0" build -q -`];
      const run = () => {
        const [shell = "", ...rest] = build;
        return Bun.spawnSync([shell, ...rest, `${repository}/dist/tbox`], {
          env: limited.daemon.environment,
        });
      };
      const first = run();
      await moveClock(seconds);
      const second = run();
      expect(second.stdout.toString()).toBe(first.stdout.toString());
      expect(second.exitCode).toBe(0);
    });
  },
);

/** A guest cannot be suspended. Frozen processes and a clock that goes on are what a suspended machine looks like to them. */
describe.skipIf(skipped !== undefined)("after all processes were frozen for a day", () => {
  test("health checks, logs, streams and commands go on", async () => {
    await using limited = await openLimited();
    const { daemon } = limited;
    const check = ["--health-cmd", "true", "--health-interval", "200ms", "--health-retries", "1"];
    await limited.start("awake", check, "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done");
    const health = async () => ((await limited.inspect("awake")) as unknown as Observed).State.Health;
    await until(async () => (await health()).Status === "healthy");
    const command = [`${repository}/dist/tbox`, "logs", "-f", "awake"];
    const follower = Bun.spawn(command, { env: daemon.environment, stdout: "pipe" });
    const lines = linesOf(follower.stdout);
    const numbers = [Number((await lines.next()).value)];
    const { Pid } = (await limited.inspect("awake")).State;
    const frozen = [daemon.pid, Pid, ...processesMentioning(daemon.run)];
    for (const pid of frozen) process.kill(pid, "SIGSTOP");
    await moveClock(day);
    for (const pid of frozen) process.kill(pid, "SIGCONT");
    const before = JSON.stringify((await health()).Log);
    await until(async () => {
      const { Log, Status } = await health();
      return Status === "healthy" && !before.includes(JSON.stringify(Log[0]));
    });
    while (numbers.length < 20) numbers.push(Number((await lines.next()).value));
    follower.kill();
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
    expect((await limited.tbox("ps", "--format", "{{.Status}}")).stdout).toStartWith("Up 24 hours");
    expect(await limited.tbox("exec", "awake", "true")).toMatchObject({ code: 0 });
    expect(await limited.tbox("run", "--rm", "box:1", "echo", "new")).toMatchObject({
      code: 0,
      stdout: "new\n",
    });
    expect(await limited.tbox("stop", "-t", "0", "awake")).toMatchObject({ code: 0 });
    expect((await limited.inspect("awake")).State).toMatchObject({ Running: false, ExitCode: 137 });
  });
});
