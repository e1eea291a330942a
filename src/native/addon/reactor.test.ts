import { expect, test } from "bun:test";
import { closeSync } from "node:fs";
import { addon } from "./addon.ts";
import { connectChannel, openChannel, prepareChannel, watchProcess } from "./reactor.ts";

const ignoreEverything = { message: () => {}, closed: () => {} };

test("a channel reports that its peer closed", async () => {
  const closed = Promise.withResolvers<string | undefined>();
  const { channel, peer } = openChannel({ message: () => {}, closed: closed.resolve });
  closeSync(peer);
  expect(await closed.promise).toBeUndefined();
  expect(() => channel.send("{}")).toThrow(expect.objectContaining({ code: "EPIPE" }));
  channel.close();
});

test("a channel that was connected in advance is used once", async () => {
  prepareChannel();
  prepareChannel();
  const closed = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
  const opened = closed.map(({ resolve }) => openChannel({ message: () => {}, closed: resolve }));
  for (const { peer } of opened) closeSync(peer);
  await Promise.all(closed.map(({ promise }) => promise));
});

test("send refuses a closed descriptor and keeps the channel open", () => {
  const { channel, peer } = openChannel(ignoreEverything);
  expect(() => channel.send("{}", [123_456])).toThrow(expect.objectContaining({ code: "EBADF" }));
  channel.send("{}", [peer]);
  channel.close();
  closeSync(peer);
});

test("send throws EAGAIN when the peer never reads", () => {
  const { channel, peer } = openChannel(ignoreEverything);
  const flood = () => {
    for (let count = 0; count < 100_000; count++) channel.send("{}");
  };
  expect(flood).toThrow(expect.objectContaining({ code: "EAGAIN" }));
  channel.close();
  closeSync(peer);
});

test("connect throws ENOENT when nothing listens", () => {
  expect(() => connectChannel("/", "no.sock", ignoreEverything)).toThrow(
    expect.objectContaining({ code: "ENOENT" }),
  );
});

test("a watch sends a signal and reports the exit of the process", async () => {
  await using child = Bun.spawn(["sleep", "600"]);
  const startTime = addon().processStartTime(child.pid) ?? undefined;
  using watch = watchProcess(child.pid, startTime);
  expect(watch.isRunning()).toBe(true);
  watch.signal(15);
  await watch.exited;
  expect(watch.isRunning()).toBe(false);
  expect(await child.exited).toBe(143);
  expect(() => watch.signal(15)).toThrow();
});

test("a watch refuses another process with the same pid", async () => {
  await using child = Bun.spawn(["sleep", "600"]);
  expect(() => watchProcess(child.pid, 1)).toThrow(expect.objectContaining({ code: "ESRCH" }));
});

test("channels and watches do not keep the event loop alive; only keepAlive does", async () => {
  const run = async (script: string) => {
    const child = Bun.spawn([process.execPath, "-e", script], { cwd: import.meta.dir, stderr: "inherit" });
    return [await new Response(child.stdout).text(), await child.exited];
  };
  const listen = `
    const { openChannel, keepAlive, watchProcess } = await import("./reactor.ts");
    const { closeSync } = await import("node:fs");
    const { peer } = openChannel({ message() {}, closed() { console.log("closed"); hold?.[Symbol.dispose](); } });
    watchProcess(process.ppid);
    let hold;`;
  expect(await run(`${listen} console.log("end");`)).toEqual(["end\n", 0]);
  expect(await run(`${listen} hold = keepAlive(); closeSync(peer);`)).toEqual(["closed\n", 0]);
});
