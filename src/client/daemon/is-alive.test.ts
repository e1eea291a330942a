import { expect, test } from "bun:test";
import { until } from "#test/support/until.ts";
import { isAlive } from "./is-alive.ts";

test("a running process is alive", () => {
  expect(isAlive(process.pid)).toBe(true);
});

test("an ended process is not alive, even if its parent has not waited for it", async () => {
  await using parent = Bun.spawn(["/bin/sh", "-c", "/bin/true & echo $!; exec sleep 60"]);
  const reader = parent.stdout.getReader();
  const { value } = await reader.read();
  const child = Number(new TextDecoder().decode(value));
  expect(child).toBeGreaterThan(1);
  await until(() => !isAlive(child));
  process.kill(child, 0);
  parent.kill("SIGKILL");
});
