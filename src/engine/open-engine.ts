import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { openBuilder } from "#builds/open-builder.ts";
import { openContainers } from "#containers/open-containers.ts";
import type { ContainerResource } from "#containers/state/container-uses.ts";
import { openTrash, type Trash } from "#containers/state/trash.ts";
import type { ContentStore } from "#content/content-store.ts";
import { openDiskContentStore } from "#content/open-content-store.ts";
import { openImages } from "#images/open-images.ts";
import type { Layers } from "#layers/layers.ts";
import { openLayers } from "#layers/open-layers.ts";
import { tryLock } from "#native/addon/file-lock.ts";
import { builtFile } from "#native/addon/files.ts";
import { openZygote, type Zygote } from "#native/zygote/zygote.ts";
import { openNetworks } from "#network/open-networks.ts";
import { openDatabase } from "#support/database.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { migrate } from "#support/migrations.ts";
import { openUsageRegister, type UsageRegister } from "#support/usage-register.ts";
import { openVolumes } from "#volumes/open-volumes.ts";
import type { Config } from "./config.ts";
import { diagnose } from "./doctor.ts";
import type { Engine } from "./engine.ts";
import { type EventLog, openEventLog } from "./events.ts";
import { migrations } from "./schema.ts";
import { readSystemInformation } from "./system-information.ts";

type Database = ReturnType<typeof openDatabase>;

/** Parts of the engine that its services share. */
interface Foundations {
  config: Config;
  /** Connection whose commits survive the loss of power. */
  safe: Database;
  /** Connection whose commits survive the death of the process: a container's start must not wait for a disk. */
  fast: Database;
  content: ContentStore;
  layers: Layers;
  zygote: Zygote;
  trash: Trash;
  events: EventLog;
  /** Register of every image, layer, volume and network in use. */
  uses: UsageRegister<ContainerResource>;
  warn: (message: string) => void;
  warnOf: (what: string, error: unknown) => void;
  /** Allocated bytes below each of some paths of the store. */
  measure: (paths: string[]) => Promise<number[]>;
}

/** Opens every service of a store. Only one engine can have a store open. */
export async function openEngine(config: Config): Promise<Engine> {
  await using resources = new AsyncDisposableStack();
  const foundations = await openFoundations(config, resources);
  const { events, zygote } = foundations;
  const { images, volumes, networks } = await openResources(foundations, resources);
  const containers = await openContainers({
    ...servicePaths(config),
    database: foundations.fast,
    uses: foundations.uses,
    zygote,
    images,
    volumes,
    networks,
    trash: foundations.trash,
    limitMode: config.limits,
    notify: (action, id, attributes) => events.publish({ type: "container", action, id, attributes }),
    notifyNetwork(action, name, container) {
      const { id = "", driver: type = "" } = networks.named(name) ?? {};
      events.publish({ type: "network", action, id, attributes: { container, name, type } });
    },
    warn: foundations.warnOf,
  });
  const builder = openBuilder({
    database: foundations.fast,
    uses: foundations.uses,
    images,
    layers: foundations.layers,
    content: foundations.content,
    containers,
    store: config.dataDirectory,
    measure: foundations.measure,
    discard: foundations.trash.discard,
    limits: config.builds,
    warn: foundations.warnOf,
  });
  // Containers and the build cache have registered their uses, so nothing in use can be collected.
  images.startCollecting();
  const { environment, dataDirectory } = config;
  const information = { id: randomUUID(), dataDirectory, zygote, networks, environment };
  const owned = resources.move();
  return {
    images,
    containers,
    builder,
    volumes,
    networks,
    events,
    information: async () => readSystemInformation(information),
    diagnose: () => diagnose({ zygote, networks, dataDirectory }),
    async [Symbol.asyncDispose]() {
      await containers[Symbol.asyncDispose]();
      // Containers outlive the daemon; while they run, they need the zygote.
      const running = containers.queries.list({ all: false, filters: new Map([["status", ["running"]]]) });
      if (running.length === 0) zygote.shutdown();
      await owned.disposeAsync();
    },
  };
}

function servicePaths({ dataDirectory: store, runDirectory: run }: Config) {
  return { store, run };
}

/** Locks the store and opens what the services share; `resources` closes it again. */
async function openFoundations(config: Config, resources: AsyncDisposableStack): Promise<Foundations> {
  const { store, run } = servicePaths(config);
  for (const path of [`${store}/containers`, `${run}/monitors`]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  const lock = tryLock(store, "daemon.lock");
  if (!lock) throw new TboxError("already-exists", `another daemon has the store ${store} open`);
  resources.use(lock);
  const safe = openDatabase(`${store}/tbox.db`, "power");
  resources.defer(() => safe.close());
  migrate(safe, migrations);
  const fast = openDatabase(`${store}/tbox.db`, "process");
  resources.defer(() => fast.close());
  const content = await openDiskContentStore(store);
  const zygote = resources.use(await openZygote({ store, run }));
  const warn = (message: string) => console.error(`warn ${message}`);
  const warnOf = (what: string, error: unknown) => warn(`${what}: ${errorChain(error)}`);
  return {
    config,
    safe,
    fast,
    content,
    zygote,
    layers: await openLayers({ database: safe, store, zygote, warn }),
    trash: openTrash({ store, zygote, warn: warnOf }),
    events: openEventLog(),
    uses: openUsageRegister(),
    warn,
    warnOf,
    measure: async (paths) =>
      paths.length === 0
        ? []
        : (await zygote.work({ operation: "measure", paths })).map(({ bytes }) => bytes),
  };
}

/** Opens the images, volumes and networks that containers and builds use. */
async function openResources(foundations: Foundations, resources: AsyncDisposableStack) {
  const { config, safe, content, layers, zygote, events, uses, warn, warnOf } = foundations;
  const images = await openImages({
    database: safe,
    content,
    layers,
    registry: config.registry,
    helloProgram: builtFile("hello"),
    uses,
    warn,
    notify: (action, id, name) => events.publish({ type: "image", action, id, attributes: { name } }),
  });
  const volumes = openVolumes({
    database: safe,
    store: config.dataDirectory,
    uses,
    discard: foundations.trash.discard,
    measure: foundations.measure,
    notify: (action, name, attributes = {}) =>
      events.publish({ type: "volume", action, id: name, attributes: { driver: "local", ...attributes } }),
  });
  const networks = resources.use(
    openNetworks({
      database: safe,
      zygote,
      uses,
      notify: (action, { id, name, driver }) =>
        events.publish({ type: "network", action, id, attributes: { name, type: driver } }),
      warn: warnOf,
    }),
  );
  return { images, volumes, networks };
}
