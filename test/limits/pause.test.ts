import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { release } from "node:os";
import { loadShell, shellUnavailable } from "#test/e2e/support/images.ts";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { killAll, processesNamed } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { cgroupsUnavailable } from "./support/cgroups.ts";
import { type Limited, openLimited } from "./support/limited.ts";

const skipped = shellUnavailable ?? cgroupsUnavailable;
if (skipped !== undefined) console.error(`skipped: ${skipped}`);

describe.skipIf(skipped !== undefined)("a container with its own cgroup", () => {
  let limited: Limited;
  beforeAll(async () => {
    limited = await openLimited();
  });
  afterAll(() => limited?.[Symbol.asyncDispose]());
  const tbox = (...args: string[]) => limited.tbox(...args);
  const answer = async (method: string, path: string) =>
    (await limited.daemon.request(method, `/containers/${path}`)).text();
  /** Returns the pause events of a container. */
  const pauseEvents = async (name: string) => {
    const filter = [`container=${name}`, "event=pause", "event=unpause"].flatMap((one) => ["--filter", one]);
    const asked = ["events", "--since", "1h", "--until", "0s", ...filter, "--format", "{{.Action}}"];
    return (await tbox(...asked)).stdout;
  };
  const counter = ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.02; done"];
  const counted = async (name: string) => (await tbox("cp", `${name}:/count`, "-")).stdout;

  test("is paused where it is and continues", async () => {
    await limited.start("busy", [], ...counter);
    await until(async () => (await tbox("exec", "busy", "cat", "/count")).code === 0);
    expect(await tbox("pause", "busy")).toMatchObject({ code: 0, stdout: "busy\n" });
    expect(await limited.read("busy", "cgroup.events")).toContain("frozen 1");
    const paused = { Status: "paused", Paused: true, Running: true };
    expect((await limited.inspect("busy")).State).toMatchObject(paused);
    expect((await tbox("ps")).stdout).toContain("(Paused)");
    expect(await answer("POST", "busy/pause")).toContain("is already paused");
    expect((await tbox("exec", "busy", "true")).stderr).toContain("is paused, unpause the container");
    expect(await answer("POST", "busy/start")).toContain("cannot start a paused container");
    expect(await answer("DELETE", "busy")).toContain("container is paused");
    const before = await counted("busy");
    expect(await tbox("unpause", "busy")).toMatchObject({ code: 0, stdout: "busy\n" });
    expect(await answer("POST", "busy/unpause")).toContain("is not paused");
    await until(async () => (await counted("busy")) !== before);
    expect(await pauseEvents("busy")).toBe("pause\nunpause\n");
    await answer("DELETE", "busy?force=1");
  });

  test("stays paused for the next daemon, which can remove it", async () => {
    await limited.start("kept", [], "sleep", "1000");
    await tbox("pause", "kept");
    await limited.daemon.kill();
    await limited.daemon.start();
    expect((await limited.inspect("kept")).State.Status).toBe("paused");
    expect(await answer("DELETE", "kept?force=1")).toBe("");
    await limited.empty();
  });

  test("is paused while it is committed, unless --pause=false", async () => {
    await limited.start("model", [], "sleep", "1000");
    expect((await tbox("commit", "--pause=false", "model", "moving:1")).code).toBe(0);
    expect(await pauseEvents("model")).toBe("");
    expect((await tbox("commit", "model", "still:1")).code).toBe(0);
    expect(await pauseEvents("model")).toBe("pause\nunpause\n");
    expect((await limited.inspect("model")).State.Status).toBe("running");
    await answer("DELETE", "model?force=1");
  });

  test("receives SIGTERM of a stop while it is paused", async () => {
    const script = "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done";
    await limited.start("stopping", [], "sh", "-c", script);
    await until(async () => (await tbox("logs", "stopping")).stdout === "up\n");
    await tbox("pause", "stopping");
    expect((await tbox("stop", "stopping")).code).toBe(0);
    expect((await limited.inspect("stopping")).State.ExitCode).toBe(7);
    await answer("DELETE", "stopping");
  });

  test("sees its cgroup as the root of the hierarchy, read-only", async () => {
    const script = "cat /proc/self/cgroup; mkdir /sys/fs/cgroup/x";
    const { stdout, stderr } = await tbox("run", "--rm", "box:1", "sh", "-c", script);
    expect(stdout).toMatch(/^0::\/$/m);
    expect(stderr).toContain("Read-only file system");
    await limited.start("watched", [], "sleep", "1000");
    expect((await tbox("exec", "watched", "cat", "/proc/self/cgroup")).stdout).toMatch(/^0::\/$/m);
    await answer("DELETE", "watched?force=1");
  });

  test("can create cgroups with --security-opt writable-cgroups", async () => {
    const option = ["--security-opt", "writable-cgroups"];
    const script = "mkdir /sys/fs/cgroup/x/ && echo made";
    const { stdout } = await tbox("run", "--rm", ...option, "box:1", "sh", "-c", script);
    expect(stdout).toBe("made\n");
    await limited.empty();
  });

  test("is created below --cgroup-parent, which is removed with it", async () => {
    await limited.start("below", ["--cgroup-parent", "/group/part"], "sleep", "1000");
    expect((await Bun.file(`${limited.cgroups}/group/part/cgroup.events`).text()).trim()).toContain(
      "populated 1",
    );
    await answer("DELETE", "below?force=1");
    await limited.empty();
  });

  // Older kernels cannot mount a root for another process.
  const prepares = Bun.semver.order(release().replace(/^(\d+\.\d+).*$/, "$1.0"), "6.7.0") >= 0;
  test.skipIf(!prepares)(
    "starts in a sandbox that was prepared in its cgroup, and sees this cgroup as the root, with its own processes only",
    async () => {
      /** Starts a container. Returns its cgroup in the view of its program, with all processes, and the phases of the start. */
      const run = async (name: string, ...options: string[]) => {
        const command = ["box:1", "cat", "/proc/self/cgroup", "/sys/fs/cgroup/cgroup.procs"];
        const { stdout } = await tbox("run", "--network", "none", "--name", name, ...options, ...command);
        const phases = (await tbox("inspect", "-f", "{{json .Tbox.Phases}}", name)).stdout;
        return { view: stdout.replace(/^.*(?=^0::)/ms, ""), prepared: !phases.includes("cloned") };
      };
      const alone = "0::/\n1\n";
      let count = 0;
      // The zygote prepares sandboxes after a start.
      await until(async () => {
        const { view, prepared } = await run(`plain-${count++}`);
        expect(view).toBe(alone);
        return prepared;
      });
      // The next sandbox has another /dev/shm, so the zygote ends it. Until then the program sees it as process 0.
      const { view, prepared } = await run("other", "--shm-size", "1m");
      expect(view.replace("\n0\n", "\n")).toBe(alone);
      expect(prepared).toBe(false);
      expect(await run("parent", "--cgroup-parent", "above")).toEqual({ view: alone, prepared: false });
      await limited.clear();
    },
  );

  test("leaves no cgroup behind when its monitor, the zygote or the daemon is killed", async () => {
    const { daemon } = limited;
    for (const victim of ["monitor", "zygote"] as const) {
      await limited.start(victim, [], "sleep", "1000");
      killAll(processesNamed(`tbox-${victim}`, daemon.run));
      if (victim === "monitor") {
        await until(async () => !(await limited.inspect(victim)).State.Running);
      }
      await answer("DELETE", `${victim}?force=1`);
      await limited.empty();
    }
    await limited.start("all", [], "sleep", "1000");
    await daemon.kill();
    killAll(["tbox-zygote", "tbox-monitor"].flatMap((name) => processesNamed(name, daemon.run)));
    await daemon.start();
    expect((await limited.inspect("all")).State.Running).toBe(false);
    await limited.empty();
    await answer("DELETE", "all");
  });
});

describe.skipIf(shellUnavailable !== undefined || cgroupsUnavailable === undefined)(
  "a container without a cgroup",
  () => {
    let daemon: TestDaemon;
    beforeAll(async () => {
      daemon = await startDaemon();
      await loadShell(daemon, "box:1");
    });
    afterAll(() => daemon?.[Symbol.asyncDispose]());

    test("cannot be paused, and the error gives reason and remedy", async () => {
      await daemon.tbox(["run", "-d", "--name", "on", "box:1", "sleep", "1000"]);
      const { code, stderr } = await daemon.tbox(["pause", "on"]);
      expect(stderr).toMatch(/^tbox: cannot pause container [0-9a-f]+: pausing needs a cgroup: /);
      expect(code).toBe(1);
      expect((await daemon.tbox(["inspect", "-f", "{{.State.Status}}", "on"])).stdout).toBe("running\n");
      await daemon.tbox(["rm", "-f", "on"]);
    });

    test("has empty statistics, like Docker's for missing controllers", async () => {
      await daemon.tbox(["run", "-d", "--name", "on", "box:1", "sleep", "1000"]);
      const response = await daemon.request("GET", "/containers/on/stats?stream=0&one-shot=1");
      expect(await response.json()).toMatchObject({ name: "/on", pids_stats: {}, memory_stats: {} });
      const { stdout } = await daemon.tbox([
        "stats",
        "--no-stream",
        "--format",
        "{{.Name}} {{.CPUPerc}} {{.PIDs}}",
      ]);
      expect(stdout).toBe("on -- --\n");
      await daemon.tbox(["rm", "-f", "on"]);
    });
  },
);
