import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { startDaemon } from "#test/support/daemon.ts";
import { killTrees, processesMentioning } from "#test/support/processes.ts";
import { awaitLine, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { programUnavailable } from "#test/support/user.ts";

if (programUnavailable !== undefined)
  console.error(`skipped with the daemon's process: ${programUnavailable}`);

/** Listens on descriptor 3, as systemd does, and then executes the program. */
const passing = [
  "use Socket; $^F = 3; socket(S, AF_UNIX, SOCK_STREAM, 0) && fileno(S) == 3 or die $!;",
  "bind(S, sockaddr_un(shift)) && listen(S, 64) or die $!;",
  "$ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$; exec @ARGV;",
].join(" ");

describe.skipIf(programUnavailable !== undefined)("the daemon", () => {
  const program = `${repository}/dist/tbox`;

  test("listens on a socket that only its user can open, and removes the socket when it ends", async () => {
    let socket: string;
    {
      await using daemon = await startDaemon();
      socket = daemon.socket;
      expect(statSync(socket).mode & 0o777).toBe(0o600);
      process.kill(daemon.pid, "SIGTERM");
      while (existsSync(socket)) await Bun.sleep(5);
    }
    expect(existsSync(socket)).toBe(false);
  });

  test("reports in one line that another daemon runs", async () => {
    await using daemon = await startDaemon();
    const second = await runProgram([program, "daemon", "--notify"], { environment: daemon.environment });
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toEqual({
      error: expect.any(String),
      code: expect.stringMatching(/^(already-exists|conflict)$/),
    });
    expect((await daemon.request("GET", "/_ping")).status).toBe(200);
  });

  test("starts again on the socket of a daemon that was killed", async () => {
    await using daemon = await startDaemon();
    await daemon.kill();
    expect(existsSync(daemon.socket)).toBe(true);
    await daemon.start();
    expect((await daemon.request("GET", "/_ping")).status).toBe(200);
  });

  test("reads the log levels of a changed configuration at SIGHUP", async () => {
    using temporary = temporaryDirectory("levels");
    const log = `${temporary.path}/log`;
    mkdirSync(`${temporary.path}/tbox`);
    const configure = (levels: string) =>
      writeFileSync(`${temporary.path}/tbox/config.json`, JSON.stringify({ log: levels }));
    const lines = (text: string) => readFileSync(log, "utf8").split(text).length - 1;
    configure("info");
    const toLog = ["sh", "-c", 'exec "$@" 2>"$0"', log];
    await using daemon = await startDaemon({ XDG_CONFIG_HOME: temporary.path }, undefined, toLog);
    await daemon.request("GET", "/_ping");
    configure("api=debug");
    process.kill(daemon.pid, "SIGHUP");
    await until(() => lines("log levels read again: api=debug") === 1);
    await daemon.request("GET", "/version");
    await until(() => lines("GET /version 200") === 1);
    expect(lines("GET /_ping 200")).toBe(0);
    configure("loud");
    process.kill(daemon.pid, "SIGHUP");
    await until(() => lines("unknown log level loud") === 1);
    await daemon.request("GET", "/info");
    await until(() => lines("GET /info 200") === 1);
  });

  test("serves a socket of systemd and leaves it for the next daemon", async () => {
    using temporary = temporaryDirectory("passed");
    const environment = { PATH: process.env.PATH ?? "", TBOX_DATA_DIR: `${temporary.path}/data` };
    const run = `${temporary.path}/run`;
    const socket = `${run}/tbox.sock`;
    mkdirSync(run, { mode: 0o700 });
    const child = Bun.spawn(["perl", "-e", passing, socket, program, "daemon", "--notify"], {
      env: { ...environment, TBOX_RUN_DIR: run },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await using _ = {
      async [Symbol.asyncDispose]() {
        child.kill();
        await child.exited;
        await killTrees(processesMentioning(run));
      },
    };
    await awaitLine(child.stdout, "ready");
    const inode = statSync(socket).ino;
    const body = JSON.stringify({ Image: "nothing", Env: ["x".repeat(1_000_000)] });
    const headers = { "Content-Type": "application/json" };
    const created = await fetch("http://d/containers/create", {
      unix: socket,
      method: "POST",
      body,
      headers,
    });
    expect(await created.text()).toContain("No such image: nothing");
    const everywhere = { ...environment, TBOX_RUN_DIR: run };
    const input = "x".repeat(2_000_000);
    const echo = ["run", "--rm", "-i", "--network", "none", "--rootfs", "/", "cat"];
    const back = await runProgram([program, ...echo], { environment: everywhere, stdin: input });
    expect(back).toEqual({ code: 0, stdout: input, stderr: "" });
    // The answer arrives while the daemon closes its connections.
    const stopped = await runProgram([program, "daemon", "stop"], { environment: everywhere });
    expect(stopped).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await child.exited).toBe(0);
    expect(statSync(socket).ino).toBe(inode);
  });

  test.skipIf(existsSync(`/run/user/${process.getuid?.()}/systemd/private`))(
    "reports a missing systemd of the user",
    async () => {
      const { code, stderr } = await runProgram([program, "setup", "systemd"], {
        environment: { PATH: process.env.PATH ?? "", HOME: "/nonexistent" },
      });
      expect(stderr).toMatch(/^tbox: user \S+ has no systemd instance: /);
      expect(code).toBe(1);
    },
  );

  test("refuses an unknown flag", async () => {
    const { code, stderr } = await runProgram([program, "daemon", "--nope"]);
    expect(stderr).toContain("unknown flag: --nope");
    expect(code).toBe(1);
  });
});
