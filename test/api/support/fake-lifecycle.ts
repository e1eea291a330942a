import { encodeFrame } from "#api/streams/frame.ts";
import type { ContainerLifecycle } from "#containers/lifecycle/container-lifecycle.ts";
import type { CreateRequest } from "#containers/request/create-request.ts";
import type { ContainerRecord } from "#containers/state/container-record.ts";
import { writable } from "#daemon/http/send-response.ts";
import { MissingImageError } from "#images/missing-image-error.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { type FakeContainer, type FakeStore, findContainer, nothing, type Program } from "./fake-state.ts";

export function fakeLifecycle(store: FakeStore): ContainerLifecycle {
  const { calls, containers } = store;
  return {
    async create(request, { name }) {
      calls.push("create");
      store.created.push(request);
      const image = request.Image ?? "";
      if (!store.present.has(image)) throw new MissingImageError(image);
      const number = containers.size + 1;
      const record = newRecord(number, name ?? `fake${number}`, request);
      containers.set(record.id, { record, exited: Promise.withResolvers() });
      return { id: record.id, warnings: [] };
    },
    async start(name) {
      calls.push("start");
      return startFake(store, findContainer(store, name));
    },
    async stop() {
      calls.push("stop");
      return "already-stopped";
    },
    async kill(name, { signal }) {
      findContainer(store, name);
      calls.push(`kill ${signal}`);
    },
    wait(name, condition, signal) {
      calls.push(`wait ${condition}`);
      const { exited } = findContainer(store, name);
      return new Promise((resolve, reject) => {
        void exited.promise.then(resolve);
        signal.addEventListener("abort", () => {
          calls.push("wait aborted");
          reject(new TboxError("cancelled", "wait cancelled"));
        });
      });
    },
    async remove(name) {
      calls.push("remove");
      containers.delete(findContainer(store, name).record.id);
    },
    restart: async () => {},
    rename: async () => {},
    update: () => ({ warnings: [] }),
    pause: async () => {},
    unpause: async () => {},
  };
}

function startFake({ programs, containers }: FakeStore, container: FakeContainer): "started" {
  const { record, attached } = container;
  const removeIfAsked = () => {
    if (record.hostConfig.AutoRemove) containers.delete(record.id);
  };
  const program = programs[record.path];
  if (program === undefined) {
    attached?.far.end();
    removeIfAsked();
    container.exited.resolve({ code: 127 });
    throw invalidArgument(`exec ${record.path}: no such file or directory`);
  }
  record.state = { ...record.state, status: "running", pid: 42, startedAt: new Date().toISOString() };
  // A program whose client has disconnected may fail.
  void runProgram(container, program, removeIfAsked).catch(() => {});
  return "started";
}

async function runProgram(
  { attached, record, exited }: FakeContainer,
  program: Program,
  removeIfAsked: () => void,
): Promise<void> {
  const code = await program({
    input: attached?.options.stdin ? attached.far.iterator({ destroyOnReturn: false }) : nothing(),
    async write(stream, text) {
      if (attached === undefined || attached.far.destroyed) return;
      const bytes = Buffer.from(text);
      const framed =
        attached.options.framing === "raw" ? bytes : encodeFrame(stream === "stdout" ? 1 : 2, bytes);
      if (!attached.far.write(framed)) await writable(attached.far);
    },
  });
  attached?.far.end();
  record.state = {
    ...record.state,
    status: "exited",
    exitCode: code,
    finishedAt: new Date().toISOString(),
  };
  removeIfAsked();
  exited.resolve({ code });
}

function newRecord(number: number, name: string, request: CreateRequest): ContainerRecord {
  const { HostConfig, ...config } = request;
  const [path = "", ...args] = [...(request.Entrypoint ?? []), ...(request.Cmd ?? [])];
  return {
    id: String(number).padStart(4, "0").repeat(16),
    name,
    created: "2026-01-02T03:04:05.000000006Z",
    image: request.Image ?? "",
    path,
    args,
    config,
    hostConfig: HostConfig ?? {},
    state: {
      status: "created",
      pid: 0,
      exitCode: 0,
      oomKilled: false,
      error: "",
      startedAt: "0001-01-01T00:00:00Z",
      finishedAt: "0001-01-01T00:00:00Z",
    },
    phases: [{ name: "mounts", microseconds: 5 }],
    restartCount: 0,
  };
}
