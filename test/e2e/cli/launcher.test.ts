import { expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { linesOf } from "#test/support/lines.ts";
import { awaitLine, type Outcome, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** The launcher, and the main program that it executes for commands that the daemon cannot run. */
const programs = { launcher: `${repository}/dist/tbox`, main: `${repository}/dist/tbox-main` };
type Program = keyof typeof programs;

interface Case {
  args: string[];
  stdin?: string;
  environment?: Record<string, string>;
}

const sh = (script: string, ...options: string[]) => ["run", "--rm", ...options, "box:1", "sh", "-c", script];

/** Command lines that the daemon runs for the launcher. */
const served: Record<string, Case> = {
  "both output streams and the exit status": { args: sh("echo out; echo err >&2; exit 7") },
  "input to its end": { args: sh("cat; echo end", "-i"), stdin: "one\ntwo" },
  "no input without -i": { args: sh("cat"), stdin: "unread" },
  "much input": { args: sh("wc -c", "-i"), stdin: "x".repeat(1_000_000) },
  "much output": { args: sh("yes 0123456789 | head -n 200000") },
  "bytes that are not text": { args: sh("printf '\\377\\000\\001'") },
  "a variable of the user": { args: sh("echo $GIVEN", "-e", "GIVEN"), environment: { GIVEN: "é ü" } },
  "a variable without a value": { args: sh("env | grep ABSENT", "-e", "ABSENT") },
  "a bind mount with a relative path": { args: sh("cat /here/note", "-v", "./:/here") },
  "a detached container": { args: ["run", "-d", "--rm", "box:1", "true"] },
  "a missing program": { args: ["run", "--rm", "--name", "once", "box:1", "/nope"] },
  "a program that cannot be executed": { args: ["run", "--rm", "--name", "once", "box:1", "/bin"] },
  "a name that is taken": { args: ["run", "--name", "kept", "box:1", "true"] },
  "an unknown flag": { args: ["run", "--nope", "box:1"] },
  "an unsupported flag": { args: ["run", "--isolation", "process", "box:1"] },
  "a missing argument": { args: ["run"] },
  "a missing image without a pull": { args: ["run", "--pull", "never", "nope:1"] },
  "help of a command": { args: ["run", "--help"] },
  "exec with its exit status": { args: ["exec", "kept", "sh", "-c", "echo in; exit 3"] },
  "exec with input": { args: ["exec", "-i", "kept", "cat"], stdin: "typed" },
  "exec with a variable of the user": {
    args: ["exec", "-e", "GIVEN", "kept", "sh", "-c", "echo $GIVEN"],
    environment: { GIVEN: "value" },
  },
  "exec in the background": { args: ["exec", "-d", "kept", "true"] },
  "exec of a missing program": { args: ["exec", "kept", "/nope"] },
  "exec in a missing container": { args: ["exec", "nope", "true"] },
  "a list of containers": { args: ["ps", "--format", "{{.Names}} {{.Image}}"] },
  "a list of images": { args: ["images"] },
  "a log": { args: ["logs", "ended"] },
  "a log of a missing container": { args: ["logs", "nope"] },
  "facts about an object": { args: ["inspect", "kept"] },
  "facts about objects, one of them missing": { args: ["inspect", "--format", "{{.Name}}", "nope", "kept"] },
  "an invalid template": { args: ["inspect", "--format", "{{", "kept"] },
  "an exit status of a container": { args: ["wait", "ended"] },
  "attaching to a stopped container": { args: ["start", "-a", "ended"] },
  "stopping two containers, one of them missing": { args: ["stop", "nope", "ended"] },
  "removing a missing container": { args: ["rm", "nope"] },
  "a list of networks": { args: ["network", "ls", "--format", "{{.Name}}"] },
  "an unknown word of a group": { args: ["network", "inspect", "nope"] },
  "a forced removal of nothing": { args: ["container", "prune", "--force", "--filter", "label=none"] },
};

/** Command lines that the launcher hands over: they need files, a terminal or the input of the user's process. */
const handedOver: Record<string, Case> = {
  "an environment file": { args: sh("echo $FROM_FILE", "--env-file", "env-file") },
  "a missing environment file": { args: sh("true", "--env-file", "nope") },
  "a container ID file that exists": { args: ["run", "--rm", "--cidfile", "note", "box:1", "true"] },
  "a terminal without one": { args: ["run", "--rm", "-it", "box:1", "true"] },
  "a missing image": { args: ["run", "--rm", "localhost:1/nope:1"] },
  "creating a container of a missing image": { args: ["create", "localhost:1/nope:1"] },
  "a question": { args: ["container", "prune"], stdin: "n\n" },
  "a copy": { args: ["cp", "kept:/bin/nope", "-"] },
  "general help": { args: ["--help"] },
  "an unknown command": { args: ["rnu"] },
};

daemonSuite("launcher", { obstacle: shellUnavailable, prepare }, (daemon) => {
  test.each(Object.entries(served))("the daemon runs a command with the same result: %s", async (_, one) => {
    const outcome = await call(daemon, "launcher", one);
    expect(outcome).toEqual(await call(daemon, "main", one));
    expect(await executed(daemon, one)).toBe(1);
  });

  test.each(Object.entries(handedOver))("the main program runs a command: %s", async (_, one) => {
    const outcome = await call(daemon, "launcher", one);
    expect(outcome).toEqual(await call(daemon, "main", one));
    expect(await executed(daemon, one)).toBe(2);
  });

  test("the version is the main program's", async () => {
    const version = { args: ["--version"] };
    expect(await call(daemon, "launcher", version)).toEqual(await call(daemon, "main", version));
  });

  test("a command with another time zone than the daemon's is handed over", async () => {
    const one = { args: ["ps"], environment: { TZ: "Asia/Tokyo" } };
    expect(await executed(daemon, one)).toBe(2);
  });

  test.each(["TERM", "INT", "USR1"] as const)(
    "SIG%s reaches the program through both programs",
    async (name) => {
      const script = `trap 'echo caught; exit 5' ${name}; echo ready; while :; do sleep 0.05; done`;
      const results = await Promise.all(
        (["launcher", "main"] as const).map(async (program) => {
          const child = spawn(daemon, program, { args: sh(script) });
          const text = linesOf(child.stdout);
          expect((await text.next()).value).toBe("ready");
          child.kill(`SIG${name}`);
          return [(await text.next()).value, await child.exited];
        }),
      );
      expect(results).toEqual([
        ["caught", 5],
        ["caught", 5],
      ]);
    },
  );

  test("a signal ends a following command, through both programs", async () => {
    for (const program of ["launcher", "main"] as const) {
      const child = spawn(daemon, program, { args: ["logs", "-f", "kept"] });
      expect((await awaitLine(child.stdout, "started")).trim()).toBe("started");
      child.kill("SIGTERM");
      await child.exited;
      expect(child.signalCode).toBe("SIGTERM");
    }
  });

  test.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
    ["a closed pipe", '"$@" | head -n 1; echo "${PIPESTATUS[0]}"', sh("while echo y; do :; done")],
    ["a full disk", '"$@" >/dev/full; echo $?', sh("echo y")],
    ["a full disk and a listing", '"$@" >/dev/full; echo $?', ["ps"]],
    ["closed streams", '"$@" <&- >&- 2>&-; echo $?', sh("true", "-i")],
    ["a directory as input", '"$@" </; echo $?', sh("cat", "-i")],
  ])("standard streams behave alike in both programs: %s", async (_, script, args) => {
    const results = await Promise.all(
      Object.values(programs).map((program) =>
        runProgram(["bash", "-c", script, "bash", program, ...args], { environment: daemon.environment }),
      ),
    );
    expect(results[0]).toEqual(results[1] as Outcome);
  });

  test("a killed launcher leaves its container running", async () => {
    const child = spawn(daemon, "launcher", {
      args: ["run", "--rm", "--name", "left", "box:1", "sleep", "100"],
    });
    const running = () => daemon.printed("ps", "-q", "--filter", "name=left");
    while ((await running()) === "") await Bun.sleep(10);
    child.kill("SIGKILL");
    await child.exited;
    expect(await running()).not.toBe("");
    await daemon.printed("rm", "-f", "left");
  });

  test("a command in a deleted directory says so", async () => {
    const script = 'mkdir gone && cd gone && rmdir ../gone; "$@"';
    const outcome = await runProgram(
      ["bash", "-c", script, "bash", programs.launcher, "ps"],
      optionsOf(daemon, { args: [] }),
    );
    expect(outcome).toEqual({
      stdout: "",
      stderr: "tbox: the working directory was deleted: change to another directory\n",
      code: 125,
    });
  });

  test("a template that needs the daemon shows why no daemon starts", async () => {
    const one = {
      args: ["version", "--format", "{{.Server.Version}}"],
      environment: { TBOX_RUN_DIR: "/proc/none" },
    };
    const { stdout, stderr, code } = await call(daemon, "launcher", one);
    expect([stdout, code]).toEqual(["", 1]);
    expect(stderr).toStartWith("tbox: cannot start the daemon: create the directory /proc/none");
  });

  test("a daemon that may open too few files says so and leaves no helper behind", async () => {
    const directory = directoryOf(daemon);
    const environment = { TBOX_RUN_DIR: `${directory}/few-run`, TBOX_DATA_DIR: `${directory}/few` };
    const options = optionsOf(daemon, { args: [], environment });
    const outcome = await runProgram(
      ["bash", "-c", 'ulimit -n 20; "$@"', "bash", programs.launcher, "ps"],
      options,
    );
    expect(outcome.stderr).toContain("the limit of open files is 20, and the daemon needs at least 256");
    expect(existsSync(`${directory}/few-run/monitors`)).toBe(false);
  });

  test.each(["launcher", "main"] as const)(
    "a stopped daemon is reported by its process ID: %s",
    async (program) => {
      const pid = daemon.pid;
      process.kill(pid, "SIGSTOP");
      const outcome = await call(daemon, program, { args: ["ps"] });
      process.kill(pid, "SIGCONT");
      const remedy = `continue it (kill -CONT ${pid}) or end it (kill -KILL ${pid})`;
      expect(outcome).toEqual({ stdout: "", stderr: `tbox: the daemon is stopped: ${remedy}\n`, code: 1 });
    },
  );

  test.each([
    ["daemon", "64"],
    ["help", "16"],
  ])("tbox %s with too few processes says so", async (command, needed) => {
    const outcome = await runProgram(
      ["bash", "-c", 'ulimit -u 1; exec "$@"', "bash", programs.launcher, command],
      optionsOf(daemon, { args: [] }),
    );
    expect(outcome).toEqual({
      stdout: "",
      stderr:
        `tbox: cannot start: this user may start 0 more processes or threads, and tbox needs ${needed}: ` +
        "raise the limit (ulimit -u, now 1) or end other processes\n",
      code: 125,
    });
  });

  test("a daemon starts although another process still has the socket of an earlier one", async () => {
    const directory = directoryOf(daemon);
    const run = `${directory}/earlier-run`;
    mkdirSync(run, { mode: 0o700 });
    using earlier = Bun.listen({
      unix: `${run}/launcher.sock`,
      socket: { open: (socket) => void socket.end(), data() {} },
    });
    const environment = { TBOX_RUN_DIR: run, TBOX_DATA_DIR: `${directory}/earlier` };
    const child = spawn(daemon, "launcher", { args: ["daemon", "--notify"], environment });
    expect(await awaitLine(child.stdout, "{")).toContain('"ready"');
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    earlier.stop();
  });

  test("without a daemon the main program starts one", async () => {
    await daemon.printed("daemon", "stop");
    expect(await daemon.printed("ps", "--filter", "name=kept", "--format", "{{.Names}}")).toBe("kept");
    await daemon.printed("daemon", "stop");
    await daemon.start();
  });
});

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadBox(daemon);
  const script = "echo started; exec sleep 1000";
  await daemon.printed("run", "-d", "--name", "kept", "--init", "box:1", "sh", "-c", script);
  await daemon.printed("run", "--name", "ended", "box:1", "echo", "logged");
  const directory = directoryOf(daemon);
  writeFileSync(`${directory}/note`, "noted");
  writeFileSync(`${directory}/env-file`, "FROM_FILE=yes\n");
}

function directoryOf(daemon: TestDaemon): string {
  return daemon.data.slice(0, daemon.data.lastIndexOf("/"));
}

function optionsOf(daemon: TestDaemon, { environment = {} }: Case) {
  return { cwd: directoryOf(daemon), environment: { ...daemon.environment, ...environment } };
}

/** Runs a command line through one of the programs. Container IDs are replaced, because every container has its own. */
async function call(daemon: TestDaemon, program: Program, one: Case): Promise<Outcome> {
  const options = { ...optionsOf(daemon, one), ...(one.stdin === undefined ? {} : { stdin: one.stdin }) };
  const { stdout, stderr, code } = await runProgram([programs[program], ...one.args], options);
  return { stdout: withoutIds(stdout), stderr: withoutIds(stderr), code };
}

function withoutIds(text: string): string {
  return text.replace(/\b[0-9a-f]{64}\b/g, "ID");
}

function spawn(daemon: TestDaemon, program: Program, one: Case): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const { cwd, environment } = optionsOf(daemon, one);
  return Bun.spawn([programs[program], ...one.args], {
    cwd,
    env: environment,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Returns the number of programs that the launcher's process executes for a command line. */
async function executed(daemon: TestDaemon, one: Case): Promise<number> {
  const log = `${mkdtempSync(`${directoryOf(daemon)}/trace-`)}/log`;
  const command = ["strace", "-e", "trace=execve", "-o", log, programs.launcher, ...one.args];
  await runProgram(command, { ...optionsOf(daemon, one), stdin: one.stdin ?? "" });
  return readFileSync(log, "utf8").match(/execve\(.* = 0$/gm)?.length ?? 0;
}
