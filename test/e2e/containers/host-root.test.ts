import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";

daemonSuite("a container on the host's root file system", {}, (daemon) => {
  const run = async (options: string[], ...command: string[]) => {
    const { stdout, stderr, code } = await daemon.tbox([
      ...["run", "--rm", "--rootfs", "/"],
      ...options,
      ...command,
    ]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    return stdout;
  };

  test("has its own hosts, hostname and resolv.conf", async () => {
    const options = ["--hostname", "box", "--add-host", "other:192.0.2.7", "--dns", "192.0.2.53"];
    const files = await run(options, "cat", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf");
    expect(files).toContain("192.0.2.7\tother");
    expect(files).toContain("\nbox\n");
    expect(files).toContain("nameserver 192.0.2.53");
    expect(files).not.toContain(readFileSync("/etc/hosts", "utf8").trim());
  });

  test("has these files also with --read-only", async () => {
    expect(await run(["--read-only", "--network", "none", "--hostname", "box"], "cat", "/etc/hostname")).toBe(
      "box\n",
    );
  });

  test("resolves the names of a user-defined network", async () => {
    await daemon.tbox(["network", "create", "shop"]);
    await daemon.tbox(["run", "-d", "--rootfs", "/", "--network", "shop", "--name", "db", "sleep", "1000"]);
    const address = await run(["--network", "shop"], "getent", "hosts", "db");
    expect(address).toMatch(/^\S+\s+db/);
    await daemon.tbox(["rm", "-f", "db"]);
  });

  test("leaves the host's files unchanged", async () => {
    const before = readFileSync("/etc/hosts", "utf8");
    await run(["--network", "none"], "sh", "-c", "echo x >> /etc/hosts");
    expect(readFileSync("/etc/hosts", "utf8")).toBe(before);
  });

  test("has the user's home directory, which root in the container can read", async () => {
    const home = (...options: string[]) => run(["--network", "none", ...options], "sh", "-c", "echo $HOME");
    expect(await home()).toBe(`${daemon.environment.HOME}\n`);
    expect(await home("-e", "HOME=/tmp")).toBe("/tmp\n");
  });

  test("names the source that cannot be created", async () => {
    const { stderr, code } = await daemon.tbox(["run", "--rm", "--rootfs", "/", "-v", "/nope/x:/x", "true"]);
    expect(stderr).toContain(
      "error while creating mount source path '/nope/x': mkdir /nope: permission denied",
    );
    expect(code).toBe(125);
  });
});
