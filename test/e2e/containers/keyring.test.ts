import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/**
 * Adds keys to the keyring of its process until its input ends, whenever the user's quota allows one: the kernel may still
 * release keys of programs that have ended.
 */
const filler = `
  import { dlopen } from "bun:ffi";
  const { symbols } = dlopen("libc.so.6", {
    syscall: { args: ["i64", "cstring", "cstring", "cstring", "u64", "i32"], returns: "i64" },
  });
  const text = (value) => Buffer.from(value + "\\0");
  const addKey = process.arch === "arm64" ? 217 : 248;
  const processKeyring = -2;
  let number = 0;
  const add = () => symbols.syscall(addKey, text("user"), text("tbox" + number), text("x"), 1, processKeyring) >= 0;
  const fill = () => { while (add()) number++; };
  fill();
  console.log(number);
  const timer = setInterval(fill, 1);
  for await (const _ of process.stdin);
  clearInterval(timer);
`;

/** Returns the number of keys that the user can still add. */
function freeKeys(): number {
  const uid = process.getuid?.() ?? 0;
  const line = readFileSync("/proc/key-users", "utf8")
    .split("\n")
    .find((one) => Number.parseInt(one, 10) === uid);
  const [, used = 0, most = 200] = /(\d+)\/(\d+) +\d+\/\d+$/.exec(line ?? "")?.map(Number) ?? [];
  return most - used;
}

daemonSuite("a user without a free key", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const run = (...options: string[]) =>
    daemon.tbox(["run", "--rm", "--network", "none", ...options, "box:1", "echo", "up"]);

  test("starts containers and execs, except those that may use keys", async () => {
    await daemon.tbox(["run", "-d", "--name", "before", "--network", "none", "box:1", "sleep", "1000"]);
    const child = Bun.spawn([process.execPath, "-e", filler], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      const { value } = await child.stdout.getReader().read();
      expect(Number(new TextDecoder().decode(value))).toBeGreaterThan(0);
      await until(async () => {
        const { code, stderr } = await run("--security-opt", "seccomp=unconfined");
        return code === 125 && stderr.includes("kernel.keys.maxkeys");
      });
      expect(await run()).toMatchObject({ stdout: "up\n", code: 0 });
      expect((await daemon.tbox(["exec", "before", "echo", "up"])).stdout).toBe("up\n");
    } finally {
      child.stdin.end();
      await child.exited;
    }
    await until(() => freeKeys() > 1);
    expect((await run("--security-opt", "seccomp=unconfined")).stdout).toBe("up\n");
    await daemon.tbox(["rm", "-f", "before"]);
  });
});
