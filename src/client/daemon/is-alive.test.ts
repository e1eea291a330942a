import { expect, test } from "bun:test";
import { until } from "#test/support/until.ts";
import { isAlive } from "./is-alive.ts";

test("a running process is alive", () => {
  expect(isAlive(process.pid)).toBe(true);
});

test("an ended process is not alive, even if its parent has not waited for it", async () => {
  // A shell could wait for the child, so the child ends when its parent is another program.
  const child = "until grep -q sleep /proc/$PPID/comm; do :; done";
  await using parent = Bun.spawn(["/bin/sh", "-c", `/bin/sh -c '${child}' & echo $!; exec sleep 60`]);
  const reader = parent.stdout.getReader();
  const { value } = await reader.read();
  const pid = Number(new TextDecoder().decode(value));
  expect(pid).toBeGreaterThan(1);
  await until(() => !isAlive(pid));
  process.kill(pid, 0);
  parent.kill("SIGKILL");
});
