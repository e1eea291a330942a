import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Duplex } from "node:stream";
import { FailureError } from "#native/addon/failure.ts";
import { tryLock } from "#native/addon/file-lock.ts";
import { type ProcessWatch, watchProcess } from "#native/addon/reactor.ts";
import { connectMonitor } from "#native/monitor/monitor.ts";
import type { ContainerProcess, Mount } from "#native/protocol/launch.ts";
import type { Attachment } from "#native/protocol/monitor.ts";
import { protocolVersion } from "#native/protocol/zygote.ts";
import { type Launch, type Launched, openZygote, type Zygote } from "#native/zygote/zygote.ts";
import { killTrees, nameOf, processesMentioning } from "#test/support/processes.ts";
import { tar } from "#test/support/tar.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { hasRanges, helperUnavailable } from "#test/support/user.ts";

if (helperUnavailable !== undefined) console.error(`skipped: ${helperUnavailable}`);

const both: Attachment = { stdin: true, stdout: true, stderr: true, framing: "raw" };
const opened = new AsyncDisposableStack();
let directory: TemporaryDirectory;
let store: string;
let run: string;
let zygote: Zygote;

describe.skipIf(helperUnavailable !== undefined)("the zygote", () => {
  beforeAll(async () => {
    directory = opened.use(temporaryDirectory("native"));
    store = `${directory.path}/store`;
    run = `${directory.path}/run`;
    for (const path of [`${store}/containers`, `${store}/layers/.staging`, `${store}/layers/sha256`]) {
      mkdirSync(path, { recursive: true });
    }
    mkdirSync(`${run}/monitors`, { recursive: true, mode: 0o700 });
    opened.defer(() => killTrees(processesMentioning(run)));
    zygote = opened.use(await openZygote({ store, run }));
  });
  afterAll(() => opened.disposeAsync());

  test("maps the user's subordinate ids, if any", () => {
    expect(zygote.mapping.mode).toBe(hasRanges ? "range" : "single");
    expect(zygote.mapping.uids[0]).toEqual({ inside: 0, outside: process.getuid?.() ?? -1, count: 1 });
  });

  test("a launch with a stream delivers output and exit code", async () => {
    const { monitor, streams } = await launch(["sh", "-c", "echo out; echo err >&2; exit 7"], [both]);
    expect((await monitor.started).pid).toBeGreaterThan(1);
    expect((await whole(streams[0])).split("\n").sort()).toEqual(["", "err", "out"]);
    expect(await monitor.exited).toMatchObject({ code: 7, oomKilled: false });
  });

  test("the program's input ends when the stream's writing half is closed", async () => {
    const { monitor, streams } = await launch(["cat"], [both], { openStdin: true, stdinOnce: true });
    streams[0]?.end("hello");
    expect(await whole(streams[0])).toBe("hello");
    expect((await monitor.exited).code).toBe(0);
  });

  test("with keep-id the program and later execs write files as the caller", async () => {
    const caller = { uid: process.getuid?.(), gid: process.getgid?.() };
    const project = `${directory.path}/project`;
    mkdirSync(project);
    const bind: Mount = {
      type: "bind",
      source: project,
      target: "/mnt",
      readonly: false,
      recursive: true,
      propagation: "rprivate",
    };
    const settings = { user: "1234:77", keepId: {}, openStdin: true };
    const script = "id -u; id -g; echo > /mnt/first; read x";
    const { id, monitor, streams } = await launch(["sh", "-c", script], [both], settings, { mounts: [bind] });
    await line(streams[0], "1234\n77\n");
    const { process: program, network } = plan(id, ["sh", "-c", "id -u; echo > /mnt/later"], {
      user: "1234:77",
      keepId: {},
    });
    const later = await zygote.exec({ id, process: program, network }, { attachments: [both] });
    expect(await whole(later.streams[0])).toBe("1234\n");
    streams[0]?.end("\n");
    expect((await monitor.exited).code).toBe(0);
    for (const name of ["first", "later"]) expect(statSync(`${project}/${name}`)).toMatchObject(caller);
  });

  test("a listening socket keeps its connections while no process serves it", async () => {
    const path = `${run}/shared.sock`;
    const first = await zygote.listen("shared.sock");
    expect(statSync(path).mode & 0o777).toBe(0o666);
    closeSync(first);
    const client = connect({ path });
    const answer = whole(client);
    await once(client, "connect");
    const next = await zygote.listen("shared.sock");
    const server = createServer((socket) => socket.end("answer")).listen({ fd: next });
    expect(await answer).toBe("answer");
    server.close();
  });

  test("a user without subordinate ids is refused with a remedy", async () => {
    const { monitor } = await launch(["true"], [], { user: "500000000" });
    const error = await monitor.started.catch((error) => error);
    expect(error.failure).toMatchObject({ kind: "unmapped-id" });
    expect(error.message).toContain("keep-id");
  });

  test("megabytes of input come back unchanged", async () => {
    const bytes = Buffer.alloc(8 << 20, "0123456789abcdef\n");
    const { monitor, streams } = await launch(["cat"], [both], { openStdin: true, stdinOnce: true });
    const echo = whole(streams[0]);
    streams[0]?.end(bytes);
    expect(Bun.hash(await echo)).toBe(Bun.hash(bytes));
    expect((await monitor.exited).code).toBe(0);
  });

  test("a missing program is an error with its name", async () => {
    const { monitor } = await launch(["/no/such/program"], []);
    const error = await monitor.started.catch((error) => error);
    expect(error).toBeInstanceOf(FailureError);
    expect(error.failure).toMatchObject({ kind: "command-not-found" });
    expect(error.message).toContain("/no/such/program");
    expect(monitor.exited).rejects.toBe(error);
  });

  test("a signal reaches process 1", async () => {
    const { monitor, streams } = await launch(
      ["sh", "-c", "trap 'exit 5' TERM; echo ready; read x"],
      [both],
      {
        openStdin: true,
      },
    );
    await line(streams[0], "ready");
    monitor.signal(15);
    expect((await monitor.exited).code).toBe(5);
  });

  test("a terminal has its initial size and follows a resize", async () => {
    const script = "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.05; done";
    const { monitor, streams } = await launch(["sh", "-c", script], [both], {
      openStdin: true,
      tty: { columns: 91, rows: 17 },
    });
    await line(streams[0], "17 91");
    monitor.resize(120, 40);
    await line(streams[0], "40 120");
    expect((await monitor.exited).code).toBe(0);
  });

  test("a second connection to a monitor receives start and exit", async () => {
    const script = ["sh", "-c", "echo ready; read x; exit 3"];
    const { id, monitor, streams } = await launch(script, [both], { openStdin: true });
    const started = await monitor.started;
    await line(streams[0], "ready");
    monitor[Symbol.dispose]();
    const later = connectMonitor(run, id);
    // Only the connection that started the container learns the phases of the start.
    expect(await later.started).toEqual({ ...started, phases: [] });
    const stream = later.attach(both);
    // The connection may close before the exit is awaited, so a listener is attached first.
    const ended = once(stream.resume(), "end");
    stream.write("go\n");
    expect((await later.exited).code).toBe(3);
    await ended;
    const record = JSON.parse(readFileSync(`${store}/containers/${id}/exit.json`, "utf8"));
    expect(await later.exited).toMatchObject(record);
  });

  test("the exit of a container with AutoRemove is recorded only if no daemon has the report", async () => {
    const script = ["sh", "-c", "echo ready; read x; exit 3"];
    const options = { openStdin: true };
    const reported = await launch(script, [both], options, { durableExit: false });
    await line(reported.streams[0], "ready");
    reported.streams[0]?.write("go\n");
    expect((await reported.monitor.exited).code).toBe(3);
    const recordOf = (id: string) => `${store}/containers/${id}/exit.json`;
    expect(existsSync(recordOf(reported.id))).toBe(false);

    const unseen = await launch(script, [both], options, { durableExit: false });
    await line(unseen.streams[0], "ready");
    unseen.monitor[Symbol.dispose]();
    unseen.streams[0]?.write("go\n");
    await until(() => existsSync(recordOf(unseen.id)));
    expect(JSON.parse(readFileSync(recordOf(unseen.id), "utf8"))).toMatchObject({ code: 3 });
  });

  test("the log can be followed until its end", async () => {
    const { id, monitor } = await launch(["sh", "-c", "echo one; read x; echo two"], [], {
      openStdin: true,
    });
    const first = await monitor.awaitLog({ generation: 0, size: 0 });
    expect(first?.size).toBeGreaterThan(0);
    const log = () => readFileSync(`${store}/containers/${id}/log/container.log`, "utf8");
    expect(log()).toContain("one");
    const next = monitor.awaitLog(first ?? { generation: 0, size: 0 });
    const stream = monitor.attach(both);
    stream.end("\n");
    expect((await next)?.size).toBeGreaterThan(first?.size ?? 0);
    expect(log()).toContain("two");
    await monitor.exited;
    expect(await monitor.awaitLog({ generation: 9, size: 9 })).toBeUndefined();
  });

  test("a worker unpacks, measures and removes", async () => {
    const blob = `${directory.path}/layer.tar`;
    writeFileSync(
      blob,
      tar([
        { path: "etc", type: "directory" },
        { path: "etc/a", content: "hello", uid: 5 },
      ]),
    );
    const source = openSync(blob, "r");
    const limits = { bytes: 1 << 20, entries: 100 };
    const unpacked = await zygote.work({ operation: "unpack", limits }, { source });
    closeSync(source);
    expect(unpacked).toMatchObject({ size: 5, ownersKept: hasRanges });
    const path = `layers/${unpacked.diffId.replace(":", "/")}`;
    expect(readFileSync(`${store}/${path}/etc/a`, "utf8")).toBe("hello");
    const [size] = await zygote.work({ operation: "measure", paths: [path] });
    expect(size).toMatchObject({ inodes: 3, content: 5 });
    await zygote.work({ operation: "remove", paths: [path] });
    expect(await zygote.work({ operation: "measure", paths: [path] })).toEqual([
      { bytes: 0, inodes: 0, content: 0 },
    ]);
  });

  test("a worker refuses bytes that are not an archive", async () => {
    const source = openSync("/proc/self/exe", "r");
    const limits = { bytes: 1 << 20, entries: 100 };
    const error = await zygote.work({ operation: "unpack", limits }, { source }).catch((error) => error);
    closeSync(source);
    expect(error).toBeInstanceOf(FailureError);
    expect(error.failure.kind).toBe("invalid-image");
  });

  test("a cancelled request ends at once", async () => {
    // The worker would wait for this pipe for ever, because nothing writes to it.
    const child = Bun.spawn(["sleep", "600"], {
      stdout: "pipe",
      stdio: ["ignore", "ignore", "ignore", "pipe"],
    });
    const source = child.stdio[3];
    if (typeof source !== "number") throw new Error("no descriptor");
    const limits = { bytes: 1, entries: 1 };
    const abort = new AbortController();
    const work = zygote.work({ operation: "unpack", limits }, { source, signal: abort.signal });
    abort.abort();
    expect(work).rejects.toMatchObject({ code: "cancelled" });
    child.kill();
  });

  test("a dead zygote is replaced, and its containers continue", async () => {
    const { monitor, streams } = await launch(["sh", "-c", "echo ready; read x; exit 4"], [both], {
      openStdin: true,
    });
    await line(streams[0], "ready");
    using zygoteProcess = watchProcess(zygote.pid);
    zygoteProcess.signal(9);
    await zygoteProcess.exited;
    const next = await launch(["sh", "-c", "exit 6"], []);
    expect((await next.monitor.exited).code).toBe(6);
    streams[0]?.end("\n");
    expect((await monitor.exited).code).toBe(4);
  });

  test("two clients may shut the zygote down", async () => {
    const other = await openZygote({ store, run });
    const { pid } = zygote;
    using zygoteProcess = watchProcess(pid);
    zygote.shutdown();
    await zygoteProcess.exited;
    other.shutdown();
    // The next request starts another zygote.
    const { monitor } = await launch(["sh", "-c", "exit 3"], []);
    expect((await monitor.exited).code).toBe(3);
    expect(zygote.pid).not.toBe(pid);
  });

  test("a daemon waits for a zygote that has the run directory but does not listen yet", async () => {
    using other = temporaryDirectory("native");
    const options = { store: `${other.path}/store`, run: `${other.path}/run` };
    for (const path of [`${options.store}/layers/.staging`, `${options.run}/monitors`]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    }
    const lock = tryLock(options.run, `zygote-${protocolVersion}.lock`);
    const opening = openZygote(options);
    // Several attempts fail in this time, usually.
    await Bun.sleep(100);
    lock?.[Symbol.dispose]();
    await using opened = await opening;
    expect(opened.pid).toBeGreaterThan(1);
    opened.shutdown();
  });

  test("a short-lived fork of a dead zygote is not mistaken for it", async () => {
    using preparer = await stopPreparer();
    using zygoteProcess = watchProcess(zygote.pid);
    zygoteProcess.signal(9);
    await zygoteProcess.exited;
    const { monitor } = await launch(["sh", "-c", "exit 5"], []);
    expect((await monitor.exited).code).toBe(5);
    if (preparer.isRunning()) preparer.signal(9);
  });
});

/** Sends SIGSTOP to a fork of the zygote that creates namespaces; such forks live for some milliseconds. */
async function stopPreparer(): Promise<ProcessWatch> {
  for (;;) {
    const { monitor } = await launch(["true"], []);
    await monitor.exited;
    for (let look = 0; look < 300; look++) {
      const children = readFileSync(`/proc/${zygote.pid}/task/${zygote.pid}/children`, "utf8");
      const preparer = children.split(" ").find((pid) => nameOf(Number(pid)) === "tbox-preparer");
      const stopped = preparer === undefined ? undefined : stop(Number(preparer));
      if (stopped) return stopped;
      await Bun.sleep(0);
    }
  }
}

/** Stops a process; returns undefined when it has ended already. */
function stop(pid: number): ProcessWatch | undefined {
  try {
    const watch = watchProcess(pid);
    watch.signal(19);
    return watch;
  } catch {
    return undefined;
  }
}

let count = 0;

async function launch(
  args: string[],
  attachments: Attachment[],
  settings: Partial<ContainerProcess> = {},
  more: Partial<Pick<Launch, "mounts" | "durableExit">> = {},
): Promise<Launched & { id: string }> {
  const id = `${process.pid}${count++}`.padStart(32, "a").padEnd(64, "0");
  mkdirSync(`${store}/containers/${id}`);
  const request = { ...plan(id, args, settings), ...more };
  return { id, ...(await zygote.launch(async () => request, { attachments })) };
}

function plan(id: string, args: string[], settings: Partial<ContainerProcess>): Launch {
  return {
    id,
    root: { type: "directory", path: "/", readonly: false },
    mounts: [],
    hostname: "test",
    network: { type: "none" },
    shmSize: 1 << 20,
    maskedPaths: [],
    readonlyPaths: [],
    process: {
      args,
      env: ["PATH=/usr/bin:/bin"],
      cwd: "/",
      user: "",
      groups: [],
      openStdin: false,
      stdinOnce: false,
      umask: 0o22,
      capabilities: [],
      noNewPrivileges: true,
      seccomp: "default",
      rlimits: [],
      init: false,
      ...settings,
    },
    log: { type: "json-file", maxSize: 1 << 20, maxFile: 1 },
    cgroupWritable: false,
    durableExit: true,
  };
}

async function whole(stream: Duplex | undefined): Promise<string> {
  let text = "";
  stream?.setEncoding("utf8").on("data", (piece) => {
    text += piece;
  });
  if (stream) await once(stream, "end");
  return text;
}

/** Reads until the text has arrived. */
async function line(stream: Duplex | undefined, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let read = "";
  stream?.on("data", (piece) => {
    read += piece;
    if (read.includes(text)) resolve();
  });
  await promise;
}
