import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { nameOf, processesMentioning } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("a container", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  const run = (options: string[], ...command: string[]) =>
    tbox("run", "--rm", "--network", "none", ...options, "box:1", ...command);
  const sh = async (options: string[], script: string) => {
    const { stdout, stderr } = await run(options, "sh", "-c", script);
    return stdout + stderr;
  };
  const start = async (name: string, options: string[], script: string) => {
    const all = ["run", "-d", "--network", "none", "--name", name, ...options];
    const { code, stderr } = await tbox(...all, "box:1", "sh", "-c", script);
    if (code !== 0) throw new Error(stderr);
  };
  const refused = async (options: string[], message: string) => {
    const { code, stderr } = await run(options, "true");
    expect(stderr).toContain(message);
    expect(code).toBe(125);
  };

  test("shares the host's UTS, IPC, PID or cgroup namespace on request, also for exec", async () => {
    const own = readlinkSync("/proc/self/ns/ipc");
    const options = ["--uts", "host", "--ipc", "host", "--pid", "host", "--cgroupns", "host"];
    await start("host", options, "exec sleep 1000");
    const script = `hostname; readlink /proc/self/ns/ipc; test -d /proc/${process.pid} && echo seen; ls /dev/shm | wc -l`;
    const { stdout, stderr } = await tbox("exec", "host", "sh", "-c", script);
    expect(stderr).toBe("");
    expect(stdout).toBe(`${hostname()}\n${own}\nseen\n${readdirSync("/dev/shm").length}\n`);
    expect((await tbox("exec", "host", "sh", "-c", "echo 1 >/proc/sysrq-trigger")).code).not.toBe(0);
    const { stdout: modes } = await tbox(
      ...[
        "inspect",
        "-f",
        "{{with .HostConfig}}{{.PidMode}} {{.IpcMode}} {{.UTSMode}} {{.CgroupnsMode}}{{end}}",
      ],
      "host",
    );
    expect(modes).toBe("host host host host\n");
    await tbox("rm", "-f", "host");
  });

  test("with --pid host leaves no process behind", async () => {
    // Another run of the tests has other durations.
    const duration = (number: number) => `${process.pid}${number}`;
    await start(
      "many",
      ["--pid", "host"],
      `(setsid sleep ${duration(1)} &); (setsid sh -c 'sleep ${duration(2)} & sleep ${duration(3)}' &); exec sleep 1000`,
    );
    const pattern = new RegExp(`^sleep ${process.pid}[1234]$`);
    const left = () =>
      readdirSync("/proc").filter((name) => {
        try {
          return pattern.test(
            readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").slice(0, 2).join(" "),
          );
        } catch {
          return false;
        }
      }).length;
    await tbox("exec", "-d", "many", "sleep", duration(4));
    await until(() => left() === 4);
    await tbox("rm", "-f", "many");
    await until(() => left() === 0);
  });

  test.each([
    [[]],
    [["--privileged"]],
    [["--cap-add", "SYS_PTRACE"]],
    [["--userns", "keep-id", "--privileged"]],
  ])("with --pid host and %j reads no memory, environment or file of tbox's processes", async (options) => {
    const helpers = processesMentioning(daemon.run).filter((pid) => nameOf(pid).startsWith("tbox-"));
    expect(helpers.map(nameOf)).toContain("tbox-zygote");
    const read = (pids: string) => `for p in ${pids}; do for f in environ mem maps fd/0 root/etc cwd; do
      case $f in *mem) dd if=/proc/$p/$f bs=1 count=1 skip=4194304 >/dev/null;; *) test -r /proc/$p/$f;; esac &&
      { readlink /proc/$p/$f >/dev/null || cat /proc/$p/$f >/dev/null; } && echo $p $f; done; done 2>/dev/null`;
    const found = await run(
      ["--pid", "host", ...options],
      "sh",
      "-c",
      read([daemon.pid, ...helpers].join(" ")),
    );
    expect(found.stdout).toBe("");
    // The same script reads the environment of the container's own process.
    expect(await sh(["--pid", "host", ...options], read("$$"))).toContain(" environ");
  });

  test("with --privileged prevents no start by low limits of namespaces", async () => {
    // The value is not read again: the preparation of the next sandbox may already have raised it.
    const lower = "for f in /proc/sys/user/max_*_namespaces; do echo 0 >$f || echo refused; done";
    await tbox("network", "create", "limits");
    for (let round = 0; round < 3; round++) {
      expect(await sh(["--privileged"], lower)).toBe("");
      expect(await sh([], "echo started")).toBe("started\n");
      expect(await sh(["--privileged"], lower)).toBe("");
      const { stdout, stderr } = await tbox(
        "run",
        "--rm",
        "--network",
        "limits",
        "box:1",
        "echo",
        "on a network",
      );
      expect(stdout + stderr).toBe("on a network\n");
    }
    expect(await sh(["--privileged"], lower)).toBe("");
    expect(await sh(["--userns", "keep-id"], "echo with own ids")).toBe("with own ids\n");
    await tbox("network", "rm", "limits");
  });

  test.skipIf(!existsSync("/usr/bin/perl"))(
    "that has all inotify instances keeps no other container from working",
    async () => {
      const number = process.arch === "x64" ? 294 : 26;
      const program = `$|=1; while (syscall(${number}, 0) >= 0) {} print "taken\\n"; sleep 1000`;
      await tbox("run", "-d", "--name", "taker", "--network", "none", "--rootfs", "/", "perl", "-e", program);
      await until(async () => (await tbox("logs", "taker")).stdout.includes("taken"));
      await start("worker", [], "until [ -e /go ]; do sleep 0.05; done; echo done");
      const followed = tbox("logs", "-f", "worker");
      expect((await tbox("exec", "worker", "touch", "/go")).stderr).toBe("");
      expect((await followed).stdout).toBe("done\n");
      expect((await tbox("wait", "worker")).stdout).toBe("0\n");
      expect(await sh([], "echo started")).toBe("started\n");
      await tbox("rm", "-f", "taker", "worker");
    },
  );

  test.skipIf(!existsSync("/usr/bin/perl"))(
    "that opens all its pseudoterminals leaves two thirds of the machine's to others",
    async () => {
      const program =
        '$|=1; my @kept; while (open(my $one, "+<", "/dev/ptmx")) { push @kept, $one } print scalar(@kept), "\\n"; sleep 1000';
      const options = ["--name", "taker", "--network", "none", "--ulimit", "nofile=4096:4096"];
      await tbox("run", "-d", ...options, "--rootfs", "/", "perl", "-e", program);
      await until(async () => /^\d+\n/.test((await tbox("logs", "taker")).stdout));
      const taken = Number((await tbox("logs", "taker")).stdout);
      const { stdout, stderr } = await tbox("exec", "-t", "taker", "true");
      await tbox("rm", "-f", "taker");
      expect(taken).toBeLessThanOrEqual(1024);
      expect(stdout + stderr).toContain("all pseudoterminals are in use");
    },
  );

  test("shares IPC and PID namespaces with another container", async () => {
    await start("donor", ["--ipc", "shareable"], "echo shared >/dev/shm/x; exec sleep 1000");
    const options = ["--ipc", "container:donor", "--pid", "container:donor"];
    const script =
      "until cat /dev/shm/x; do sleep 0.05; done; cat /proc/1/comm; test $$ -gt 1 && echo second";
    expect((await run(options, "sh", "-c", script)).stdout).toBe("shared\nsleep\nsecond\n");
    expect((await run([], "ls", "/dev/shm")).stdout).toBe("");
    await tbox("stop", "-t", "0", "donor");
    const { code, stderr } = await run(["--pid", "container:donor"], "true");
    expect(stderr).toContain("cannot join PID of a non running container");
    expect(code).toBe(125);
    await tbox("rm", "donor");
  });

  test("cannot join a private IPC namespace or a missing container", async () => {
    await start("alone", [], "exec sleep 1000");
    await refused(["--ipc", "container:alone"], "non-shareable IPC");
    await refused(["--pid", "container:nobody"], "No such container: nobody");
    await tbox("rm", "-f", "alone");
  });

  test("is created before its network or IPC namespace can be joined", async () => {
    await tbox("create", "--name", "later", "box:1", "true");
    for (const [name, option, message] of [
      ["ipc", "--ipc=container:later", "cannot join IPC of a non running container"],
      ["net", "--network=container:missing", "No such container: missing"],
      ["self", "--network=container:self", "cannot join own network"],
    ] as const) {
      expect((await tbox("create", "--name", name, option, "box:1", "true")).stderr).toBe("");
      expect((await tbox("start", name)).stderr).toContain(message);
    }
    await tbox("rm", "later", "ipc", "net", "self");
  });

  test.each([
    [["--pid", "private"], "invalid PID mode: private"],
    [["--ipc", "x"], "invalid IPC mode: x"],
    [["--uts", "container:x"], "invalid UTS mode: container:x"],
    [["--cgroupns", "x"], "invalid cgroup namespace mode: x"],
    [["--uts", "host", "-h", "other"], "conflicting options: hostname and the UTS mode"],
    [["--runtime", "kata"], "invalid runtime name"],
    [["--device", "/dev/nothing"], "/dev/nothing: no such file or directory"],
    [["--device", "/etc/passwd"], 'custom device "/etc/passwd": not a device node'],
    [["--device", "/etc"], 'custom device "/etc": not a device node'],
    [["--device", "/dev/null:/dev/x:r"], "only root can restrict access to a device"],
    [["--sysctl", "kernel.panic=1"], "sysctl kernel.panic is not in a separate kernel namespace"],
    [["--ipc", "host", "--sysctl", "kernel.shmmax=1"], "sysctl kernel.shmmax is not allowed"],
    [["--sysctl", "net.nothing.here=1"], "sysctl net.nothing.here: not supported by this kernel"],
  ] as const)("%j is refused", async (options, message) => {
    await refused([...options], message);
  });

  test("has no /dev/shm with --ipc none", async () => {
    expect(await sh(["--ipc", "none"], "test -e /dev/shm || echo none")).toBe("none\n");
  });

  test("has the devices of --device, under the given names", async () => {
    const script = "echo x >/dev/other && echo written; ls -l /dev/other | cut -c1";
    expect(await sh(["--device", "/dev/null:/dev/other"], script)).toBe("written\nc\n");
    expect(await sh(["-v", "/dev/null:/dev/other"], script)).toBe("written\nc\n");
  });

  test("has the kernel parameters of --sysctl", async () => {
    const options = [
      "--sysctl",
      "net.ipv4.ip_forward=1",
      "--sysctl",
      "net.ipv4.ip_unprivileged_port_start=80",
    ];
    const script = "cd /proc/sys/net/ipv4; cat ip_forward ip_unprivileged_port_start; echo 0 >ip_forward";
    expect(await sh(options, script)).toMatch(/^1\n80\n.*Read-only file system/);
  });

  test("mounts a subdirectory of a volume, which links cannot leave", async () => {
    await sh(
      ["-v", "parts:/v"],
      "mkdir -p /v/a/b; echo inside >/v/a/b/f; ln -s /a/b /v/in; ln -s ../../../../etc /v/out",
    );
    const part = (subpath: string) => ["--mount", `type=volume,src=parts,dst=/x,volume-subpath=${subpath}`];
    expect(await sh(part("a/b"), "cat /x/f")).toBe("inside\n");
    expect(await sh(part("in"), "cat /x/f")).toBe("inside\n");
    await refused(part("out"), "subpath out of volume parts does not exist");
    await refused(part("../x"), "subpath must be a relative path within the volume");
    await refused(part("none"), "subpath none of volume parts does not exist");
    await tbox("volume", "rm", "parts");
  });
});
