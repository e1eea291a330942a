import { expect, test } from "bun:test";
import { closeSync } from "node:fs";
import { addon } from "./addon.ts";
import { connectChannel, openChannel, watchProcess } from "./reactor.ts";

const deaf = { message: () => {}, closed: () => {} };

test("a channel tells that its other end was closed", async () => {
  const closed = Promise.withResolvers<string | undefined>();
  const { channel, peer } = openChannel({ message: () => {}, closed: closed.resolve });
  closeSync(peer);
  expect(await closed.promise).toBeUndefined();
  expect(() => channel.send("{}")).toThrow(expect.objectContaining({ code: "EPIPE" }));
  channel.close();
});

test("a descriptor that is not open is refused, and the channel stays", () => {
  const { channel, peer } = openChannel(deaf);
  expect(() => channel.send("{}", [123_456])).toThrow(expect.objectContaining({ code: "EBADF" }));
  channel.send("{}", [peer]);
  channel.close();
  closeSync(peer);
});

test("a peer that never reads is given up on with EAGAIN", () => {
  const { channel, peer } = openChannel(deaf);
  const flood = () => {
    for (let count = 0; count < 100_000; count++) channel.send("{}");
  };
  expect(flood).toThrow(expect.objectContaining({ code: "EAGAIN" }));
  channel.close();
  closeSync(peer);
});

test("nobody listening is ENOENT", () => {
  expect(() => connectChannel("/", "no.sock", deaf)).toThrow(expect.objectContaining({ code: "ENOENT" }));
});

test("the end of a watched process is told, whoever ended it", async () => {
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

test("another process with the same number is not watched", async () => {
  await using child = Bun.spawn(["sleep", "600"]);
  expect(() => watchProcess(child.pid, 1)).toThrow(expect.objectContaining({ code: "ESRCH" }));
});

test("neither a channel nor a watch keeps the process alive, work does", async () => {
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
