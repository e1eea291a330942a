import { expect, test } from "bun:test";
import { loadBox, shellUnavailable } from "#test/e2e/support/images.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { limitsUnavailable } from "./support/cgroups.ts";

const skipped =
  shellUnavailable ?? (limitsUnavailable === undefined ? "limits can be enforced here" : undefined);
daemonSuite("a daemon that cannot enforce limits", { obstacle: skipped, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);

  test.each([
    [["-m", "64m"], "Memory", "memory"],
    [["--cpus", "0.5"], "NanoCpus", "cpu"],
    [["--cpu-shares", "5"], "CpuShares", "cpu"],
    [["--cpuset-cpus", "0"], "CpusetCpus", "cpuset"],
    [["--pids-limit", "10"], "PidsLimit", "pids"],
    [["--blkio-weight", "100"], "BlkioWeight", "io"],
    [["--cpu-quota", "5000", "--cpu-period", "10000"], "CpuQuota", "cpu"],
    [["--memory-reservation", "32m"], "MemoryReservation", "memory"],
  ])("refuses %j with the controller, the reason and a remedy", async (options, field, controller) => {
    const { code, stdout, stderr } = await tbox("run", "--rm", ...options, "box:1", "true");
    expect(stderr).toStartWith(`tbox: ${field} needs the cgroup controller "${controller}": `);
    expect(stderr).toContain("tbox.limits=warn");
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
    expect((await tbox("ps", "-aq")).stdout).toBe("");
  });

  test("answers 400 over the API", async () => {
    const body = { Image: "box:1", Cmd: ["true"], HostConfig: { Memory: 1 << 26 } };
    const response = await daemon.request("POST", "/containers/create", body);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('needs the cgroup controller \\"memory\\"');
  });

  test("only warns with --limits warn, and shows the effective limits", async () => {
    const options = ["--name", "warned", "--limits", "warn", "-m", "64m", "--pids-limit", "9"];
    const { code, stderr } = await tbox("run", ...options, "box:1", "true");
    expect(code).toBe(0);
    const warnings = stderr.trimEnd().split("\n");
    expect(warnings.map((line) => line.split(" needs")[0])).toEqual([
      "WARNING: Memory",
      "WARNING: PidsLimit",
    ]);
    const host = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}";
    expect((await tbox("inspect", "-f", host, "warned")).stdout).toBe("0 <nil>\n");
    expect((await tbox("update", "-m", "64m", "warned")).stderr).toStartWith("WARNING: Memory needs");
    await tbox("rm", "-f", "warned");
  });

  test("refuses an update too", async () => {
    await tbox("create", "--name", "plain", "box:1", "true");
    const { code, stderr } = await tbox("update", "-m", "64m", "plain");
    expect(stderr).toStartWith('tbox: Memory needs the cgroup controller "memory"');
    expect(code).toBe(1);
    await tbox("rm", "-f", "plain");
  });

  test.each([
    [["--kernel-memory", "64m"], "KernelMemory"],
    [["--memory-swappiness", "0"], "MemorySwappiness"],
    [["--oom-kill-disable"], "OomKillDisable"],
    [["--cpu-rt-period", "10000"], "CpuRealtimePeriod"],
    [["--cpu-rt-runtime", "5000"], "CpuRealtimeRuntime"],
  ])("refuses %j by name, which cgroup v2 has no file for", async (options, field) => {
    const { code, stderr } = await tbox("run", "--rm", ...options, "box:1", "true");
    expect(stderr).toStartWith(`tbox: ${field} is not supported by cgroup v2`);
    expect(stderr).toContain("to run without the limit, ");
    expect(code).toBe(125);
  });

  test("says so in doctor and info", async () => {
    const { stdout } = await tbox("doctor");
    expect(stdout).toMatch(/^\[!!\] (cgroups|limits by memory): /m);
    expect((await tbox("info", "-f", "{{.MemoryLimit}} {{.CgroupDriver}}")).stdout).toBe("false none\n");
  });
});

daemonSuite(
  "resource options without a cgroup",
  { obstacle: shellUnavailable, prepare: loadBox },
  (daemon) => {
    const tbox = (...args: string[]) => daemon.tbox(args);

    test("a ulimit above the daemon's is refused with both numbers, and no container remains", async () => {
      const hard = Number(
        /^Max open files +\d+ +(\d+)/m.exec(await Bun.file("/proc/self/limits").text())?.[1],
      );
      const asked = `nofile=${hard + 1}`;
      const { code, stderr } = await tbox("run", "--rm", "--ulimit", asked, "box:1", "true");
      expect(stderr).toContain(`ulimit nofile: hard limit ${hard + 1} exceeds the allowed maximum ${hard}`);
      expect(code).toBe(125);
      expect((await tbox("ps", "-aq")).stdout).toBe("");
      const script = "ulimit -Sn; ulimit -Hn";
      const held = await tbox("run", "--rm", "--ulimit", "nofile=100:200", "box:1", "sh", "-c", script);
      expect(held.stdout).toBe("100\n200\n");
    });

    test("--oom-score-adj applies to the program and to exec", async () => {
      await tbox("run", "-d", "--name", "score", "--oom-score-adj", "500", "box:1", "sleep", "1000");
      const own = ["cat", "/proc/1/oom_score_adj", "/proc/self/oom_score_adj"];
      expect((await tbox("exec", "score", ...own)).stdout).toBe("500\n500\n");
      await tbox("rm", "-f", "score");
    });

    test("an oom score below the daemon's is raised to it with a warning, because only root may lower it", async () => {
      const { code, stderr } = await tbox("run", "--oom-score-adj", "-1000", "box:1", "true");
      expect(stderr).toContain("oom score adj -1000 is below the daemon's own");
      expect(code).toBe(0);
    });

    test.each([
      ["-m", "1m", "Minimum memory limit allowed is 6MB"],
      ["--cpus", "9999", "range of CPUs is from 0.01 to"],
      ["--cgroup-parent", "../x", "invalid cgroup parent: ../x"],
      ["--device-read-bps", "/dev/null:1mb", "device /dev/null is not a block device"],
      ["--annotation", "tbox.limits=maybe", "invalid annotation tbox.limits=maybe"],
    ])("%s %s is refused", async (flag, value, message) => {
      const { code, stderr } = await tbox("run", "--rm", flag, value, "box:1", "true");
      expect(stderr).toContain(message);
      expect(code).toBe(125);
    });
  },
);
