import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { connectUnix } from "./byte-socket.ts";
import { startDaemon } from "./start-daemon.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/tbox-test-`);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Returns a program that runs a script in place of the daemon, with `daemon --notify`. */
function program(script: string) {
  const path = `${directory}/daemon.ts`;
  writeFileSync(path, script);
  return {
    command: [process.execPath, path],
    environment: {
      ...process.env,
      TBOX_DATA_DIR: `${directory}/data`,
      TEST_SECRET: "not for the daemon",
      TBOX_TEST_SOCKET: `${directory}/s.sock`,
    },
  };
}

/**
 * Program that listens until the first byte, then ends, after half a minute in any case. A second instance reports that
 * another one was first.
 */
const listening = `
  setTimeout(() => process.exit(0), 30_000);
  const unix = process.env.TBOX_TEST_SOCKET;
  require("node:fs").appendFileSync(unix + ".started", JSON.stringify({
    argv: process.argv.slice(2), cwd: process.cwd(), secret: process.env.TEST_SECRET,
  }) + "\\n");
  try {
    Bun.listen({ unix, socket: { data() { process.exit(0); } } });
    console.log(JSON.stringify({ ready: true }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error), code: "already-exists" }));
    process.exit(1);
  }
`;

/** Milliseconds until the slow daemon reports that it is ready. */
const slowStart = 2000;

function target() {
  return { directory, name: "s.sock", path: `${directory}/s.sock`, owner: process.getuid?.() ?? 0 };
}

async function endFake(): Promise<void> {
  const socket = await connectUnix(`${directory}/s.sock`);
  await socket.write(Uint8Array.of(0));
  for await (const _ of socket);
}

test("starts a daemon again if the one that had the store ends", async () => {
  writeFileSync(`${directory}/ending`, "");
  const refusing = `
    const { existsSync, rmSync } = require("node:fs");
    if (existsSync("${directory}/ending")) {
      rmSync("${directory}/ending");
      console.log(JSON.stringify({ error: "another daemon has the store open", code: "already-exists" }));
      process.exit(1);
    }
  `;
  const socket = await startDaemon(target(), program(refusing + listening));
  socket.close();
  await endFake();
});

test("starts a daemon in the background and connects", async () => {
  const socket = await startDaemon(target(), program(listening));
  socket.close();
  const [started] = readFileSync(`${directory}/s.sock.started`, "utf8").trim().split("\n");
  // The daemon inherits neither the working directory nor unrelated variables.
  expect(JSON.parse(started ?? "")).toEqual({ argv: ["daemon", "--notify"], cwd: "/" });
  expect(statSync(`${directory}/data`).mode & 0o777).toBe(0o700);
  await endFake();
});

test("waits for a slow daemon without using the processor", async () => {
  const waiting = `
    import { startDaemon } from "${import.meta.dir}/start-daemon.ts";
    const target = ${JSON.stringify(target())};
    const program = { command: ${JSON.stringify([process.execPath, `${directory}/daemon.ts`])}, environment: process.env };
    const before = process.cpuUsage();
    (await startDaemon(target, program)).close();
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ milliseconds: (user + system) / 1000 }));
    process.exit(0);
  `;
  writeFileSync(`${directory}/waiting.ts`, waiting);
  const { environment } = program(`await Bun.sleep(${slowStart});${listening}`);
  const command = [process.execPath, `${directory}/waiting.ts`];
  const client = Bun.spawn(command, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const { milliseconds } = JSON.parse(await client.stdout.text());
  await endFake();
  // A client that polls uses the processor for all of the time that it gets.
  expect(milliseconds).toBeLessThan(slowStart / 8);
});

test("clients that start at the same time share the first daemon", async () => {
  const starts = Array.from({ length: 4 }, () => startDaemon(target(), program(listening)));
  for (const socket of await Promise.all(starts)) socket.close();
  await endFake();
});

test("the error that the daemon reports is thrown", async () => {
  const script = `console.log(JSON.stringify({ error: "newuidmap is missing", code: "unavailable" })); process.exit(1);`;
  const start = startDaemon(target(), program(script));
  await expect(start).rejects.toMatchObject({
    message: "cannot start the daemon",
    cause: { message: "newuidmap is missing" },
  });
});

test("a daemon that dies without a report is reported with the end of its log", async () => {
  const start = startDaemon(target(), program(`console.error("first"); console.error("out of luck");`));
  await expect(start).rejects.toMatchObject({ cause: { message: expect.stringContaining("out of luck") } });
  expect(existsSync(`${directory}/data/daemon.log`)).toBe(true);
});

test("a log that is a FIFO is refused", async () => {
  mkdirSync(`${directory}/data`, { mode: 0o700 });
  expect(Bun.spawnSync(["mkfifo", `${directory}/data/daemon.log`]).exitCode).toBe(0);
  const start = startDaemon(target(), program(listening));
  await expect(start).rejects.toMatchObject({ cause: { code: "ENXIO", path: expect.any(String) } });
});

test("the error contains the path of a data directory that cannot be created", async () => {
  writeFileSync(`${directory}/data`, "a file");
  const start = startDaemon(target(), program(listening));
  await expect(start).rejects.toMatchObject({
    message: "cannot start the daemon",
    cause: { path: expect.any(String) },
  });
});
