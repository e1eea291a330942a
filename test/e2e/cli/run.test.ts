import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { isRunning } from "#test/support/processes.ts";
import { repository } from "#test/support/repository.ts";
import { type CommandLine, openReal, openWithFake, realUnavailable } from "../support/command-line.ts";

if (realUnavailable !== undefined) console.error(`skipped with the real daemon: ${realUnavailable}`);

describe.each([
  ["the fake daemon", openWithFake, false],
  ["the real daemon", openReal, realUnavailable !== undefined],
] as const)("run with %s", (_, open, skipped) => {
  let tbox: CommandLine;
  beforeAll(async () => {
    if (!skipped) tbox = await open();
  });
  afterAll(async () => {
    await tbox?.[Symbol.asyncDispose]();
  });
  const run = (options: string[], ...command: string[]) => [
    "run",
    "--rm",
    ...options,
    ...tbox.image,
    ...command,
  ];
  const sh = (script: string, ...options: string[]) => run(options, "sh", "-c", script);

  test.skipIf(skipped)("run passes on both output streams and the exit code", async () => {
    const outcome = await tbox.call(sh("echo out; echo err >&2; exit 7"));
    expect(outcome).toEqual({ stdout: "out\n", stderr: "err\n", code: 7 });
  });

  test.skipIf(skipped)("a missing program exits with 127", async () => {
    const { code, stderr } = await tbox.call(run([], "/nope"));
    expect(stderr).toContain("no such file or directory");
    expect(code).toBe(127);
  });

  test.skipIf(skipped)("a program killed by signal N exits with 128 + N", async () => {
    // Process 1 ignores its own signals, so a child is killed.
    expect((await tbox.call(sh("kill -9 $$", "--init"))).code).toBe(137);
  });

  test.skipIf(skipped)("bytes pass unchanged in both directions", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const input = Buffer.concat(Array.from({ length: 50 }, () => bytes));
    const child = tbox.spawn(run(["-i"], "cat"), { stdin: input });
    const output = await new Response(child.stdout).bytes();
    expect(Bun.hash(output)).toBe(Bun.hash(input));
    expect(await child.exited).toBe(0);
  });

  test.skipIf(skipped)("output continues after the end of input", async () => {
    const outcome = await tbox.call(sh("wc -c; echo after", "-i"), { stdin: new Uint8Array(1_000_000) });
    expect(outcome.stdout).toMatch(/^\s*1000000\nafter\n$/);
    expect(outcome.code).toBe(0);
  });

  test.skipIf(skipped)("without -i the program has no input", async () => {
    expect((await tbox.call(sh("wc -c"), { stdin: Buffer.from("x") })).stdout.trim()).toBe("0");
  });

  test.skipIf(skipped)("a closed standard input is empty input", async () => {
    const shell = Bun.spawn(["sh", "-c", '"$@" <&-', "sh", ...tbox.command(sh("wc -c", "-i"))], {
      stdout: "pipe",
    });
    expect((await new Response(shell.stdout).text()).trim()).toBe("0");
    expect(await shell.exited).toBe(0);
  });

  test.skipIf(skipped)("a closed output pipe ends run quietly", async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    const script = '"$@" | head -n 1; echo "${PIPESTATUS[0]}"';
    const shell = Bun.spawn(["bash", "-c", script, "sh", ...tbox.command(sh("while echo y; do :; done"))], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([
      new Response(shell.stdout).text(),
      new Response(shell.stderr).text(),
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: "y\n141\n", stderr: "" });
  });

  test.skipIf(skipped)("a full disk behind standard output is an error", async () => {
    const shell = Bun.spawn(["sh", "-c", '"$@" >/dev/full', "sh", ...tbox.command(sh("echo x"))], {
      stderr: "pipe",
    });
    expect(await new Response(shell.stderr).text()).toBe(
      "tbox: cannot write to stdout: no space left on device\n",
    );
    expect(await shell.exited).toBe(125);
  });

  test.skipIf(skipped)("signals are forwarded to the program", async () => {
    const child = tbox.spawn(sh('trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.05; done'));
    let output = "";
    for await (const chunk of child.stdout) {
      output += Buffer.from(chunk).toString();
      if (output === "ready\n") child.kill("SIGTERM");
    }
    expect(output).toBe("ready\ngot it\n");
    expect(await child.exited).toBe(9);
  });

  test.skipIf(skipped)("with --sig-proxy=false a signal ends only the client", async () => {
    const child = tbox.spawn(sh("echo ready; sleep 1", "--sig-proxy=false"));
    for await (const _ of child.stdout) child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
  });

  test.skipIf(skipped)("--cidfile writes the ID and refuses an existing file", async () => {
    const path = `${tbox.directory}/cid`;
    expect((await tbox.call(run(["--cidfile", path], "true"))).code).toBe(0);
    expect(readFileSync(path, "utf8")).toMatch(/^[0-9a-f]{64}$/);
    const { code, stderr } = await tbox.call(run(["--cidfile", path], "true"));
    expect(stderr).toStartWith("tbox: container ID file found");
    expect(code).toBe(125);
  });

  test.skipIf(skipped)("-t without a terminal is refused as Docker does", async () => {
    const { code, stderr } = await tbox.call(run(["-it"], "true"));
    expect(stderr).toBe("tbox: the input device is not a TTY\n");
    expect(code).toBe(1);
  });
});

describe("the command line", () => {
  let tbox: CommandLine;
  beforeAll(async () => {
    tbox = await openWithFake({ missing: new Set(["missing", "quiet"]) });
  });
  afterAll(() => tbox[Symbol.asyncDispose]());

  test.each([
    [["run", "--nope", "x"], 125, "unknown flag: --nope\nSee 'tbox run --help'.\n"],
    [
      ["run", "--gpus", "all", "x"],
      125,
      "--gpus is not supported: use the device files: --device /dev/nvidia0\nSee 'tbox run --help'.\n",
    ],
    [["run"], 125, "tbox: an IMAGE or --rootfs is required\n"],
    [
      ["run", "-d", "-a", "stdout", "x"],
      1,
      "tbox: conflicting options: cannot specify both --attach and --detach\n",
    ],
    [["run", "--env-file", "/nope", "x"], 125, "tbox: open /nope: no such file or directory\n"],
    [["ps", "--nope"], 125, "unknown flag: --nope\nSee 'tbox ps --help'.\n"],
    [["swarm", "x"], 1, "tbox: tbox swarm is not supported: there is no Swarm\n"],
    [["imagse"], 1, "tbox: unknown command: tbox imagse\n\nDid you mean 'images'?\n\nSee 'tbox --help'.\n"],
  ])("%j", async (args, code, stderr) => {
    expect(await tbox.call(args)).toEqual({ code, stderr, stdout: "" });
  });

  test.each(["ps --nosuch", "stop -t x name", "--nosuch", "run --nosuch image"])(
    "a wrong flag exits with 125: %s",
    async (line) => {
      const { code, stderr, stdout } = await tbox.call(line.split(" "));
      expect(stderr).toContain("--");
      expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
    },
  );

  test("a missing image is pulled, with progress on standard error", async () => {
    expect(await tbox.call(["run", "missing", "echo", "hi"])).toEqual({
      code: 0,
      stdout: "hi\n",
      stderr:
        "Unable to find image 'missing:latest' locally\nabc: Pulling fs layer\n" +
        "Status: Downloaded newer image for missing\n",
    });
    expect(await tbox.call(["run", "-q", "quiet", "true"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("-d prints the ID", async () => {
    const { stdout, code } = await tbox.call(["run", "-d", "image", "sleep", "9"]);
    expect(stdout).toBe(`${"c".repeat(64)}\n`);
    expect(code).toBe(0);
    expect(tbox.fake?.runs.at(-1)).toMatchObject({ detach: true, container: { AttachStdout: false } });
  });

  test("-e NAME passes on the caller's variable if it is set", async () => {
    await tbox.call(["run", "-e", "SET", "-e", "UNSET", "image"], { environment: { SET: "1" } });
    expect(tbox.fake?.runs.at(-1)?.container.Env).toEqual(["SET=1"]);
  });

  test("every command has help, and help needs no daemon", async () => {
    const general = await tbox.call(["--help"]);
    expect(general.code).toBe(0);
    const names = [...general.stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] ?? "");
    expect(names).toContain("run");
    const outcomes = await Promise.all(names.map((name) => tbox.call([name, "--help"])));
    for (const { code, stdout } of outcomes) {
      expect(stdout).toStartWith("Usage:  tbox ");
      expect(code).toBe(0);
    }
  });

  test.skipIf(process.getuid?.() !== 0)("tbox refuses to run as root", async () => {
    const child = Bun.spawn([process.execPath, `${repository}/src/main.ts`, "run", "x"], {
      stderr: "pipe",
    });
    expect(await new Response(child.stderr).text()).toContain("tbox runs as an ordinary user, not as root");
    expect(await child.exited).toBe(125);
  });
});

describe("attach and start -a", () => {
  const container = { Id: "d".repeat(64), Config: { Tty: false, OpenStdin: true }, State: { Running: true } };
  const open = () =>
    openWithFake({
      attachable: ["sh", "-c", "cat; echo err >&2; exit 5"],
      answers: {
        "GET /containers/c/json": { body: container },
        "GET /containers/gone/json": { body: { ...container, State: { Running: false } } },
        [`POST /containers/${container.Id}/start`]: { body: {} },
      },
    });

  test("attach passes on input, both output streams and the exit code", async () => {
    await using tbox = await open();
    const outcome = await tbox.call(["attach", "c"], { stdin: Buffer.from("typed") });
    expect(outcome).toEqual({ stdout: "typed", stderr: "err\n", code: 5 });
  });

  test("start -ai returns the exit code of a short program", async () => {
    await using tbox = await open();
    const outcome = await tbox.call(["start", "-ai", "c"], { stdin: Buffer.from("typed") });
    expect(outcome).toEqual({ stdout: "typed", stderr: "err\n", code: 5 });
    expect(tbox.fake?.requests).toEqual([
      "GET /containers/c/json",
      `POST /containers/${container.Id}/wait?condition=next-exit`,
      `POST /containers/${container.Id}/start`,
    ]);
  });

  test("attach refuses a stopped container", async () => {
    await using tbox = await open();
    const { stderr, code } = await tbox.call(["attach", "gone"]);
    expect(stderr).toBe("tbox: You cannot attach to a stopped container, start it first\n");
    expect(code).toBe(1);
  });
});

test("tbox daemon stop waits for the end of the daemon's process", async () => {
  await using daemon = Bun.spawn(["sleep", "1"]);
  await using tbox = await openWithFake({ process: daemon.pid });
  expect(await tbox.call(["daemon", "stop"])).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(isRunning(daemon.pid)).toBe(false);
});

describe.skipIf(realUnavailable !== undefined)("the first commands of a new user", () => {
  test("start one daemon, even when many run at the same time", async () => {
    await using tbox = await openReal();
    const calls = Array.from({ length: 4 }, () => tbox.call(["run", "--rm", ...tbox.image, "echo", "hi"]));
    expect(await Promise.all(calls)).toEqual(calls.map(() => ({ code: 0, stdout: "hi\n", stderr: "" })));
    expect(existsSync(`${tbox.directory}/data/daemon.log`)).toBe(true);
    expect((await tbox.call(["daemon", "stop"])).code).toBe(0);
    expect((await tbox.call(["daemon", "stop"])).stderr).toBe("tbox: no daemon is running\n");
  });

  test("explain what is wrong with the data directory", async () => {
    await using tbox = await openReal();
    closeSync(openSync(`${tbox.directory}/file`, "w", 0o644));
    const environment = { TBOX_DATA_DIR: `${tbox.directory}/file/data` };
    const { code, stderr } = await tbox.call(["run", ...tbox.image, "true"], { environment });
    expect(stderr).toContain("cannot start the daemon");
    expect(stderr).toContain("not a directory");
    expect(code).toBe(125);
  });
});
