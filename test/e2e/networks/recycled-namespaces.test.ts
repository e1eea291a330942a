import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** Prints the number of the interface's other end, which the kernel gives to no other interface. */
const peer = "cat /sys/class/net/eth0/iflink";

/** Runs a container on the default network; returns the number of its interface's other end. */
function run(daemon: TestDaemon, script = peer, ...flags: string[]): Promise<string> {
  return daemon.printed("run", "--rm", ...flags, "box:1", "sh", "-c", script);
}

/** Tests whether one of the next containers gets the interface of a container. */
async function isReused(daemon: TestDaemon, used: string): Promise<boolean> {
  for (let attempt = 0; attempt < 12; attempt++) {
    if ((await run(daemon)) === used) return true;
  }
  return false;
}

daemonSuite(
  "a network namespace on the default network",
  { obstacle: shellUnavailable, prepare: loadBox },
  (daemon) => {
    test("serves another container if nothing of the first can be in it", async () => {
      await until(async () => isReused(daemon, await run(daemon)));
    });

    test("serves one container if something of the container can be in it", async () => {
      const sent = await run(daemon, `${peer}; nc -w 1 172.17.255.254 9 2>/dev/null; true`);
      expect(await isReused(daemon, sent)).toBe(false);
      const looped = await run(daemon, `${peer}; nc -w 1 127.0.0.1 9 2>/dev/null; true`);
      expect(await isReused(daemon, looped)).toBe(false);
      const shared = await run(daemon, peer, "-v", `${daemon.data}:/shared`);
      expect(await isReused(daemon, shared)).toBe(false);
      const unprotected = await run(daemon, peer, "--security-opt", "systempaths=unconfined");
      expect(await isReused(daemon, unprotected)).toBe(false);
      const published = await run(daemon, peer, "-p", "127.0.0.1::80");
      expect(await isReused(daemon, published)).toBe(false);
    });
  },
);
