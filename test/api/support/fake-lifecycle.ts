import { encodeFrame } from "#api/streams/frame.ts";
import type { ContainerLifecycle } from "#containers/lifecycle/container-lifecycle.ts";
import type { ExitStatus, WaitCondition } from "#containers/lifecycle/wait.ts";
import type { CreateRequest } from "#containers/request/create-request.ts";
import { type ContainerRecord, isRunning } from "#containers/state/container-record.ts";
import { MissingImageError } from "#images/missing-image-error.ts";
import { explained, invalidArgument, TboxError } from "#support/errors.ts";
import { writable } from "#support/streams.ts";
import { createdRecord } from "#test/support/container-record.ts";
import { type FakeContainer, type FakeStore, findContainer, nothing, type Program } from "./fake-state.ts";

export function fakeLifecycle(store: FakeStore): ContainerLifecycle {
  const { calls } = store;
  return {
    async create(request, { name }) {
      calls.push("create");
      return createFake(store, request, name);
    },
    async start(name) {
      calls.push("start");
      return startFake(store, findContainer(store, name));
    },
    async stop(name) {
      calls.push("stop");
      return stopFake(findContainer(store, name));
    },
    async kill(name, { signal = "KILL" }) {
      await explained(`cannot kill container: ${name}`, async () => {
        killFake(findContainer(store, name), signal);
      });
      calls.push(`kill ${signal}`);
    },
    wait(name, condition, signal) {
      calls.push(`wait ${condition}`);
      return waitFake(findContainer(store, name), condition, signal, () => calls.push("wait aborted"));
    },
    async remove(name, { force }) {
      calls.push("remove");
      await removeFake(store, findContainer(store, name), force);
    },
    async restart(name) {
      const container = findContainer(store, name);
      await stopFake(container);
      startFake(store, container);
    },
    rename: async (name, wanted) => renameFake(store, findContainer(store, name), wanted),
    update(name) {
      findContainer(store, name);
      return { warnings: [] };
    },
    pause: async (name) => refusePause(findContainer(store, name)),
    async unpause(name) {
      const { record } = findContainer(store, name);
      throw new TboxError("conflict", `container ${record.id} is not paused`);
    },
  };
}

function createFake(store: FakeStore, request: CreateRequest, name: string | undefined) {
  store.created.push(request);
  const image = request.Image ?? "";
  if (!store.present.has(image)) throw new MissingImageError(image);
  const number = store.containers.size + 1;
  const record = newRecord(number, name ?? `fake${number}`, request);
  requireFreeName(store, record.name);
  store.containers.set(record.id, {
    record,
    exited: Promise.withResolvers(),
    removed: Promise.withResolvers(),
    killed: Promise.withResolvers(),
  });
  return { id: record.id, warnings: [] };
}

function requireFreeName({ containers }: FakeStore, name: string): void {
  const owner = [...containers.values()].find(({ record }) => record.name === name)?.record.id;
  if (owner === undefined) return;
  const remedy = "You have to remove (or rename) that container to be able to reuse that name.";
  throw new TboxError(
    "conflict",
    `Conflict. The container name "/${name}" is already in use by container "${owner}". ${remedy}`,
  );
}

function startFake(store: FakeStore, container: FakeContainer): "started" | "already-started" {
  const { record, attached } = container;
  if (isRunning(record)) return "already-started";
  const { resolve: end } = container.exited;
  const exit = (code: number) => {
    // The next run of the container ends with another promise.
    container.exited = Promise.withResolvers();
    container.killed = Promise.withResolvers();
    delete container.attached;
    if (record.hostConfig.AutoRemove) forget(store, container);
    end({ code });
  };
  const program = store.programs[record.path];
  if (program === undefined) {
    attached?.far.end();
    exit(127);
    throw invalidArgument(`exec ${record.path}: no such file or directory`);
  }
  record.state = { ...record.state, status: "running", pid: 42, startedAt: new Date().toISOString() };
  // A program whose client has disconnected may fail.
  void runProgram(container, program, exit).catch(() => {});
  return "started";
}

async function stopFake({ record, exited, killed }: FakeContainer): Promise<"stopped" | "already-stopped"> {
  if (!isRunning(record)) return "already-stopped";
  killed.resolve(143);
  await exited.promise;
  return "stopped";
}

function killFake({ record, killed }: FakeContainer, signal: string): void {
  if (!isRunning(record)) throw new TboxError("conflict", `container ${record.id} is not running`);
  if (/^(SIG)?KILL$/.test(signal)) killed.resolve(137);
}

function waitFake(
  { record, exited, removed }: FakeContainer,
  condition: WaitCondition,
  signal: AbortSignal,
  onAbort: () => void,
): Promise<ExitStatus> {
  if (condition === "not-running" && !isRunning(record)) {
    return Promise.resolve({ code: record.state.exitCode });
  }
  const { promise, resolve, reject } = Promise.withResolvers<ExitStatus>();
  void removed.promise.then(resolve);
  if (condition !== "removed") void exited.promise.then(resolve);
  signal.addEventListener("abort", () => {
    onAbort();
    reject(new TboxError("cancelled", `wait for container ${record.name} was cancelled`));
  });
  return promise;
}

async function removeFake(store: FakeStore, container: FakeContainer, force: boolean): Promise<void> {
  const { record } = container;
  if (isRunning(record)) {
    if (!force) {
      const remedy = "stop the container before removing or force remove";
      const message = `cannot remove container "${record.name}": container is running: ${remedy}`;
      throw new TboxError("conflict", message);
    }
    await stopFake(container);
  }
  forget(store, container);
}

function forget({ containers }: FakeStore, { record, removed }: FakeContainer): void {
  containers.delete(record.id);
  removed.resolve({ code: record.state.exitCode });
}

function renameFake(store: FakeStore, { record }: FakeContainer, wanted: string): void {
  if (wanted === "") throw invalidArgument("Neither old nor new names may be empty");
  const name = wanted.replace(/^\//, "");
  if (name === record.name) {
    throw invalidArgument("Renaming a container with the same name as its current name");
  }
  requireFreeName(store, name);
  record.name = name;
}

/** Throws conflict: a fake container never has a cgroup. */
function refusePause({ record }: FakeContainer): never {
  const reason = isRunning(record) ? "has no cgroup" : "is not running";
  throw new TboxError("conflict", `container ${record.id} ${reason}`);
}

async function runProgram(
  { attached, record, killed }: FakeContainer,
  program: Program,
  exit: (code: number) => void,
): Promise<void> {
  const running = program({
    input: attached?.options.stdin ? attached.far.iterator({ destroyOnReturn: false }) : nothing(),
    async write(stream, text) {
      if (attached === undefined || attached.far.destroyed) return;
      const bytes = Buffer.from(text);
      const framed =
        attached.options.framing === "raw" ? bytes : encodeFrame(stream === "stdout" ? 1 : 2, bytes);
      if (!attached.far.write(framed)) await writable(attached.far);
    },
  });
  const code = await Promise.race([running, killed.promise]);
  attached?.far.end();
  record.state = {
    ...record.state,
    status: "exited",
    pid: 0,
    exitCode: code,
    finishedAt: new Date().toISOString(),
  };
  exit(code);
}

function newRecord(number: number, name: string, request: CreateRequest): ContainerRecord {
  const { HostConfig, ...config } = request;
  const [path = "", ...args] = [...(request.Entrypoint ?? []), ...(request.Cmd ?? [])];
  return createdRecord({
    id: String(number).padStart(4, "0").repeat(16),
    name,
    created: "2026-01-02T03:04:05.000000006Z",
    image: request.Image ?? "",
    path,
    args,
    config,
    hostConfig: HostConfig ?? {},
    phases: [{ name: "mounts", microseconds: 5 }],
  });
}
