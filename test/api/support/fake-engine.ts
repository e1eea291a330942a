import { Database } from "bun:sqlite";
import type { Duplex } from "node:stream";
import { encodeFrame } from "#api/streams/frame.ts";
import type { Builder } from "#builds/builder.ts";
import type { AttachOptions, Containers, ExitStatus, LogRecord } from "#containers/containers.ts";
import type { CreateRequest } from "#containers/request/create-request.ts";
import type { ContainerRecord } from "#containers/state/record.ts";
import { writable } from "#daemon/http/send-response.ts";

import type { Engine } from "#engine/engine.ts";
import { openEventLog } from "#engine/events.ts";
import type { ImageDetails, Images, Progress } from "#images/images.ts";
import { openNetworks } from "#network/open-networks.ts";
import { digestOf } from "#oci/digest.ts";
import { canonicalName } from "#oci/reference.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { openUsageRegister } from "#support/usage-register.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { openVolumes } from "#volumes/open-volumes.ts";
import { fakeInformation } from "./fake-information.ts";
import { socketPair } from "./socket-pair.ts";

/** What runs in a fake container: reads and writes its side of the stream, gives the exit code. */
export type Program = (terminal: Terminal) => Promise<number>;

export interface Terminal {
  input: AsyncIterable<Buffer>;
  /** Resolves when the reader has taken it. */
  write(stream: "stdout" | "stderr", text: string | Uint8Array): Promise<void>;
}

export interface FakeEngine extends Engine {
  programs: Record<string, Program>;
  /** Lines of a pull, or what it throws, by the image's name. */
  pulls: Record<string, (signal: AbortSignal) => AsyncIterable<Progress>>;
  /** Names of the images that are there. */
  present: Set<string>;
  /** Calls of the interfaces, in order. */
  calls: string[];
  logs: Record<string, (signal: AbortSignal) => AsyncIterable<LogRecord>>;
  created: CreateRequest[];
}

interface FakeContainer {
  record: ContainerRecord;
  attached?: { options: AttachOptions; far: Duplex };
  exited: PromiseWithResolvers<ExitStatus>;
}

/** An engine whose containers are functions of the test; images are names. */
export function fakeEngine(): FakeEngine {
  const all = new Map<string, FakeContainer>();
  const calls: string[] = [];
  const created: CreateRequest[] = [];
  const present = new Set(["image"]);
  const programs: FakeEngine["programs"] = {};
  const pulls: FakeEngine["pulls"] = {};
  const logs: FakeEngine["logs"] = {};

  const find = (name: string): FakeContainer => {
    const bare = name.replace(/^\//, "");
    const found = [...all.values()].find(({ record }) => record.name === bare || record.id.startsWith(bare));
    if (found === undefined) throw new TboxError("not-found", `No such container: ${name}`);
    return found;
  };

  const temporary = temporaryDirectory("volumes");
  const containers: Containers = {
    async create(request, { name }) {
      calls.push("create");
      created.push(request);
      const image = request.Image ?? "";
      if (!present.has(image)) throw new TboxError("not-found", `No such image: ${image}`);
      const id = String(all.size + 1)
        .padStart(4, "0")
        .repeat(16);
      const { HostConfig, ...config } = request;
      const [path = "", ...args] = [...(request.Entrypoint ?? []), ...(request.Cmd ?? [])];
      const record: ContainerRecord = {
        id,
        name: name ?? `fake${all.size + 1}`,
        created: "2026-01-02T03:04:05.000000006Z",
        image,
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
      all.set(id, { record, exited: Promise.withResolvers() });
      return { id, warnings: [] };
    },
    get: (name) => find(name).record,
    links: () => [],
    unlink: async (name, alias) => void calls.push(`unlink ${name} ${alias}`),
    list(filter) {
      calls.push(`list ${JSON.stringify({ ...filter, filters: [...filter.filters] })}`);
      return [...all.values()].map(({ record }) => record);
    },
    async start(name) {
      calls.push("start");
      const container = find(name);
      const { record, attached } = container;
      const program = programs[record.path];
      if (program === undefined) {
        attached?.far.end();
        if (record.hostConfig.AutoRemove) all.delete(record.id);
        container.exited.resolve({ code: 127 });
        throw invalidArgument(`exec ${record.path}: no such file or directory`);
      }
      record.state = { ...record.state, status: "running", pid: 42, startedAt: new Date().toISOString() };
      // A program whose client is gone ends as it likes.
      void run(container, program).catch(() => {});
      return "started";
    },
    async stop() {
      calls.push("stop");
      return "already-stopped";
    },
    async kill(name, { signal }) {
      find(name);
      calls.push(`kill ${signal}`);
    },
    wait(name, condition, signal) {
      calls.push(`wait ${condition}`);
      const { exited } = find(name);
      return new Promise((resolve, reject) => {
        void exited.promise.then(resolve);
        signal.addEventListener("abort", () => {
          calls.push("wait aborted");
          reject(new TboxError("cancelled", "wait cancelled"));
        });
      });
    },
    async attach(name, options) {
      calls.push("attach");
      const [near, far] = await socketPair();
      far.once("close", () => calls.push("detached"));
      far.on("error", () => {});
      find(name).attached = { options, far };
      return near;
    },
    logs: async (name, { signal }) => {
      calls.push("logs");
      return logs[find(name).record.name]?.(signal) ?? none();
    },
    async resize(_, { columns, rows }) {
      calls.push(`resize ${columns}x${rows}`);
    },
    async remove(name) {
      calls.push("remove");
      all.delete(find(name).record.id);
    },
    execs: {
      create: () => "e".repeat(64),
      get(id) {
        throw new TboxError("not-found", `No such exec instance: ${id}`);
      },
      running: () => [],
      startable: (id) => {
        throw new TboxError("not-found", `No such exec instance: ${id}`);
      },
      start: () => Promise.reject(new TboxError("not-found", "No such exec instance")),
      kill: () => {},
      resize: () => {},
    },
    stat: async () => ({ mode: 0o100644, size: 0, modified: 0, nanoseconds: 0, target: "" }),
    archive: () => Promise.reject(new TboxError("not-found", "no such file")),
    export: () => Promise.reject(new TboxError("not-found", "no such file")),
    extract: async () => {},
    changes: async () => [],
    commit: async () => imageDetails("x").id,
    createStep: async () => {
      throw new TboxError("not-implemented", "steps of builds");
    },
    openWorkspace() {
      throw new TboxError("not-implemented", "steps of builds");
    },
    restart: async () => {},
    rename: async () => {},
    connect: async () => {},
    disconnect: async () => {},
    update: () => ({ warnings: [] }),
    pause: async () => {},
    unpause: async () => {},
    stats: () => undefined,
    top: async () => ({ titles: [], processes: [] }),
    prune: async () => ({ ids: [], space: 0 }),
    size: async () => 4096,
    diskUsage: async () => new Map(),
    [Symbol.asyncDispose]: async () => {},
  };

  async function run(container: FakeContainer, program: Program): Promise<void> {
    const { attached, record } = container;
    const code = await program({
      input: attached?.options.stdin ? attached.far.iterator({ destroyOnReturn: false }) : none(),
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
    if (record.hostConfig.AutoRemove) all.delete(record.id);
    container.exited.resolve({ code });
  }

  const images: Images = {
    pull(reference, { signal }) {
      const name = canonicalName(reference);
      calls.push(`pull ${name}`);
      const found = Object.keys(pulls).find((key) => name.includes(key));
      if (found === undefined) throw new TboxError("not-found", "pull access denied");
      return pulls[found]?.(signal) ?? none();
    },
    async *push(reference, { platform }) {
      calls.push(`push ${canonicalName(reference)} ${platform?.architecture ?? ""}`.trimEnd());
      yield { status: "The push refers to repository [x]" };
      yield { aux: { Tag: "1" } };
    },
    async *pullAllTags(reference) {
      calls.push(`pull all of ${canonicalName(reference)}`);
      yield { status: "Digest: x" };
    },
    known: () => undefined,
    descends: () => false,
    async lookUp(reference) {
      calls.push(`look up ${canonicalName(reference)}`);
      const descriptor = { mediaType: "x/y", digest: digestOf("x"), size: 1 };
      return { descriptor, platforms: [{ os: "linux", architecture: "amd64" }] };
    },
    async logIn(domain, { username }) {
      calls.push(`log in ${username} at ${domain}`);
      if (username !== "me") throw new TboxError("unauthorized", "incorrect username or password");
    },
    async *load(archive) {
      let size = 0;
      for await (const bytes of archive) size += bytes.length;
      yield { loaded: `loaded:${size}` };
    },
    async save(names) {
      calls.push(`save ${names.join(" ")}`);
      return new Blob([names.join(" ")]).stream();
    },
    async import(archive, { changes, message }) {
      let size = 0;
      for await (const bytes of archive) size += bytes.length;
      calls.push(`import ${size} ${changes.join("|")} ${message}`);
      return imageDetails("x").id;
    },
    async commit(layer) {
      for await (const _ of layer);
      return imageDetails("x").id;
    },
    base: async (name) => ({ ...imageDetails(name), layers: [] }),
    write: async () => imageDetails("x").id,
    withLease: (work) => work(),
    collect: async () => {},
    startCollecting: () => {},
    usedLayers: () => [],
    resolve: async (name) => imageDetails(name),
    async inspect(name) {
      calls.push(`inspect ${name}`);
      if (!present.has(name)) throw new TboxError("not-found", `No such image: ${name}`);
      return imageDetails(name);
    },
    list: async () => [...present].map(imageDetails),
    async remove(name) {
      calls.push(`rmi ${name}`);
      return [{ untagged: name }, { deleted: imageDetails(name).id }];
    },
    tag: async () => "sha256:1",
    history: async () => [],
    prune: async () => ({ removed: [], space: 0 }),
    async *check({ repair, credentials }) {
      calls.push(`check ${repair} ${credentials("ghcr.io")?.username}`);
      yield { summary: { blobs: 1, layers: 2, images: 3 } };
    },
    usage: async () => ({
      images: [...present].map((name) => ({
        image: imageDetails(name),
        size: 3,
        sharedSize: 1,
        containers: 2,
      })),
      size: 3,
      reclaimable: 1,
      kept: new Map(),
    }),
    sharing: () =>
      new Map([...present].map((name) => [imageDetails(name).id, { sharedSize: 1, containers: 2 }])),
  };

  const builder: Builder = {
    async *build({ dockerfile }) {
      calls.push(`build ${dockerfile}`);
      yield { type: "built", image: imageDetails("x").id, tags: [] };
    },
    async *files() {},
    prune: async () => ({ ids: [], space: 0 }),
    usage: async () => [],
  };

  return {
    images,
    builder,
    containers,
    programs,
    pulls,
    present,
    calls,
    logs,
    created,
    events: openEventLog(),
    volumes: openVolumes({
      database: new Database(":memory:", { strict: true }),
      store: temporary.path,
      uses: openUsageRegister(),
      discard: () => {},
      measure: async (paths) => paths.map(() => 0),
      notify: () => {},
    }),
    networks: openNetworks({
      database: new Database(":memory:", { strict: true }),
      zygote: { net: () => Promise.reject(new TboxError("unavailable", "no net helper")) },
      uses: openUsageRegister(),
      notify: () => {},
      warn: () => {},
    }),
    information: async () => fakeInformation,
    diagnose: async () => [{ name: "kernel", status: "ok", detail: "6.1" }],
    async [Symbol.asyncDispose]() {
      temporary[Symbol.dispose]();
    },
  };
}

function imageDetails(name: string): ImageDetails {
  const digest = `sha256:${"a".repeat(64)}` as ImageDetails["id"];
  return {
    id: digest,
    config: { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } },
    diffIds: [],
    embedded: false,
    repoTags: [`${name}:latest`],
    repoDigests: [],
    target: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 7 },
    size: 1000,
    created: 1_700_000_000_000,
    parent: "",
  };
}

async function* none(): AsyncGenerator<never, void, void> {}
