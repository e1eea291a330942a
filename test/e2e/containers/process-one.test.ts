import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("process 1 of a container", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  const start = (options: string[], script: string) =>
    daemon.printed("run", "-d", "--network", "none", ...options, "box:1", "sh", "-c", script);

  test("has the program's environment and arguments with --init", async () => {
    const id = await start(["--init", "-e", "GIVEN=yes"], "exec sleep 1000");
    const script =
      "tr '\\0' '\\n' </proc/1/environ | grep GIVEN; tr '\\0' ' ' </proc/1/cmdline; ls /proc/1/fd | wc -l";
    const { stdout } = await tbox("exec", id, "sh", "-c", script);
    expect(stdout).toMatch(/^GIVEN=yes\ntbox-helper init \d+ -- sh -c exec sleep 1000 \d+\n$/);
    await tbox("rm", "-f", id);
  });

  test.each([34, 37, 64, 10])("forwards signal %d to the program with --init", async (signal) => {
    const id = await start(
      ["--init"],
      `trap 'echo got; exit 5' ${signal}; echo up; while :; do sleep 0.05; done`,
    );
    await until(async () => (await tbox("logs", id)).stdout === "up\n");
    await tbox("kill", "-s", `${signal}`, id);
    expect((await tbox("wait", id)).stdout).toBe("5\n");
    expect((await tbox("logs", id)).stdout).toBe("up\ngot\n");
    await tbox("rm", id);
  });

  test("forwards a signal that arrives right after the start with --init", async () => {
    for (let round = 0; round < 20; round++) {
      const id = await start(["--init"], "exec sleep 1000");
      await tbox("kill", "-s", "TERM", id);
      expect((await tbox("wait", id)).stdout).toBe("143\n");
      await tbox("rm", id);
    }
  });

  test("reaps zombies with --init", async () => {
    const id = await start(["--init"], "(sleep 0.1 &); exec sleep 1000");
    await until(
      async () => (await tbox("exec", id, "sh", "-c", "grep -l '^State:.*Z' /proc/[0-9]*/status")).code === 1,
    );
    expect((await tbox("top", id)).stdout).not.toContain("defunct");
    await tbox("rm", "-f", id);
  });

  test("ends although a process that it left floods its output", async () => {
    const donor = await start([], "exec sleep 1000");
    const flood = "for i in 1 2 3 4; do cat /dev/zero & done; exec sleep 1000";
    const id = await start(["--pid", `container:${donor}`, "--log-opt", "max-size=100k"], flood);
    expect((await tbox("kill", id)).code).toBe(0);
    expect((await tbox("wait", id)).stdout).toBe("137\n");
    await tbox("rm", "-f", id, donor);
  });

  test("an exec ends although a process that it left floods its output", async () => {
    const id = await start([], "exec sleep 1000");
    const { code } = await tbox("exec", id, "sh", "-c", "for i in 1 2 3 4; do cat /dev/zero & done; exit 3");
    expect(code).toBe(3);
    await tbox("rm", "-f", id);
  });
});
