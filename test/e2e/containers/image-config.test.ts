import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { hasRanges } from "#test/support/user.ts";
import { loadImage, loadShell, shellUnavailable } from "../support/images.ts";

daemonSuite("the configuration of an image", { obstacle: shellUnavailable }, (daemon) => {
  const run = (...args: string[]) => daemon.tbox(["run", "--rm", "--network", "none", ...args]);

  test("without a command is refused, and no container remains", async () => {
    await loadShell(daemon, "bare:1");
    const { code, stderr } = await run("bare:1");
    expect(stderr).toContain("no command specified");
    expect(code).toBe(125);
    const response = await daemon.request("POST", "/containers/create", { Image: "bare:1" });
    expect(response.status).toBe(400);
    expect((await daemon.tbox(["ps", "-aq"])).stdout).toBe("");
    expect((await run("bare:1", "echo", "works")).stdout).toBe("works\n");
  });

  test("sets entrypoint and command, which arguments and flags replace as in Docker", async () => {
    await loadShell(daemon, "words:1", { Entrypoint: ["echo", "from"], Cmd: ["the", "image"] });
    expect((await run("words:1")).stdout).toBe("from the image\n");
    expect((await run("words:1", "me")).stdout).toBe("from me\n");
    expect((await run("--entrypoint", "basename", "words:1", "/a/b")).stdout).toBe("b\n");
    await loadShell(daemon, "shell:1", { Cmd: ["/bin/sh", "-c", "pwd"], WorkingDir: "/var/new" });
    expect((await run("shell:1")).stdout).toBe("/var/new\n");
  });

  const passwd = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n";
  const group = "root:x:0:\napp:x:1000:\ngrp1:x:2001:app\ngrp2:x:2002:app\n";
  const accounts = [
    { path: "etc/passwd", content: passwd },
    { path: "etc/group", content: group },
  ];

  test.skipIf(!hasRanges).each([
    ["1234", "1234 0 0"],
    ["1234:5", "1234 5 5"],
    ["app", "1000 1000 1000,2001,2002"],
    ["app:grp2", "1000 2002 2002"],
    ["0", "0 0 0"],
  ])("with user %s runs as %s", async (user, expected) => {
    await loadShell(daemon, "accounts:1", { User: user }, accounts);
    const { stdout, stderr } = await run(
      "accounts:1",
      "sh",
      "-c",
      "echo $(id -u) $(id -g) $(grep ^Groups /proc/self/status | cut -f2 | tr ' ' '\\n' | sort -n | grep . | paste -sd,)",
    );
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe(expected);
  });

  test("with an unknown user is refused by name", async () => {
    await loadShell(daemon, "nosuch:1", { User: "nosuch" }, accounts);
    const { code, stderr } = await run("nosuch:1", "true");
    expect(stderr).toContain("unable to find user nosuch: no matching entries in passwd file");
    expect(code).toBe(125);
    expect((await daemon.tbox(["ps", "-aq"])).stdout).toBe("");
  });

  test("without /etc/passwd runs as root", async () => {
    const busybox = await Bun.file("/bin/busybox").bytes();
    const layers = [[{ path: "busybox", content: busybox, mode: 0o755 }]];
    await loadImage(daemon, "nobody:1", { layers, config: { User: "0" } });
    expect((await run("nobody:1", "/busybox", "id", "-u")).stdout).toBe("0\n");
  });

  test("sets the environment, without variables of the daemon or the host", async () => {
    await loadShell(daemon, "env:1", { Env: ["B", "C=", "D=x=y", "PATH"] });
    const { stdout } = await run("env:1", "/bin/sh", "-c", "/bin/env");
    const lines = stdout.trim().split("\n");
    expect(lines).toContain("C=");
    expect(lines).toContain("D=x=y");
    expect(lines.filter((line) => line.startsWith("B"))).toEqual([]);
    expect(lines).toContain("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    expect(stdout).not.toContain("TBOX_");
  });

  test("is extended by -e NAME with the client's value, if it has one", async () => {
    const show = [
      "run",
      "--rm",
      "--network",
      "none",
      "-e",
      "B",
      "env:1",
      "/bin/sh",
      "-c",
      "/bin/env | /bin/grep ^B",
    ];
    const environment = { ...daemon.environment, B: "mine" };
    expect((await daemon.tbox(show, { environment })).stdout).toBe("B=mine\n");
    expect((await daemon.tbox(show)).stdout).toBe("");
  });
});
