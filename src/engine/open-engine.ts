import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Builder } from "#builds/builder.ts";
import { openBuilder } from "#builds/open-builder.ts";
import type { Containers } from "#containers/containers.ts";
import { isOn } from "#containers/networking/network-mode.ts";
import { openContainers } from "#containers/open-containers.ts";
import { openTrash } from "#containers/state/trash.ts";
import { openDiskContentStore } from "#content/store.ts";
import { openImages } from "#images/open-images.ts";
import { openLayers } from "#layers/layers.ts";
import { tryLock } from "#native/addon/file-lock.ts";
import { builtFile } from "#native/addon/files.ts";
import { openZygote } from "#native/zygote/zygote.ts";
import { openNetworks } from "#network/open-networks.ts";
import { openDatabase } from "#support/database.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { openVolumes } from "#volumes/open-volumes.ts";
import type { Config } from "./config.ts";
import { diagnose } from "./doctor.ts";
import type { Engine } from "./engine.ts";
import { openEventLog } from "./events.ts";
import { readSystemInformation } from "./system-information.ts";

/** Opens every service of a store. Only one engine can have a store open. */
export async function openEngine(config: Config): Promise<Engine> {
  const { dataDirectory: store, runDirectory: run } = config;
  await using resources = new AsyncDisposableStack();
  for (const path of [`${store}/containers`, `${run}/monitors`])
    mkdirSync(path, { recursive: true, mode: 0o700 });
  const lock = tryLock(store, "daemon.lock");
  if (!lock) throw new TboxError("already-exists", `another daemon has the store ${store} open`);
  resources.use(lock);
  // Names of images must survive the loss of power; a container's start must not wait for a disk.
  const safe = openDatabase(`${store}/tbox.db`, "power");
  resources.defer(() => safe.close());
  const fast = openDatabase(`${store}/tbox.db`, "process");
  resources.defer(() => fast.close());
  const content = await openDiskContentStore(store);
  const zygote = resources.use(await openZygote({ store, run }));
  const warn = (message: string) => console.error(`warn ${message}`);
  const layers = await openLayers({ database: safe, store, zygote, warn });
  const events = openEventLog();
  let containers: Containers | undefined;
  let builder: Builder | undefined;
  const everyContainer = () => containers?.list({ all: true, filters: new Map() }) ?? [];
  const images = await openImages({
    database: safe,
    content,
    layers,
    registry: config.registry,
    helloProgram: builtFile("hello"),
    keeps: (diffId) => builder?.keeps(diffId) ?? false,
    warn,
    notify: (action, id, name) => events.publish({ type: "image", action, id, attributes: { name } }),
    usedBy: (image) =>
      everyContainer()
        .filter(({ imageId }) => imageId === image)
        .map(({ id, state }) => ({ id, running: state.status === "running" || state.status === "paused" })),
  });
  const warnOf = (what: string, error: unknown) => warn(`${what}: ${errorChain(error)}`);
  const measure = async (paths: string[]) =>
    paths.length === 0 ? [] : (await zygote.work({ operation: "measure", paths })).map(({ bytes }) => bytes);
  const trash = openTrash({ store, zygote, warn: warnOf });
  const volumes = openVolumes({
    database: safe,
    store,
    usedBy: (name) =>
      everyContainer().flatMap(({ id, volumes: own = [] }) =>
        own.some((one) => one.name === name) ? [id] : [],
      ),
    discard: trash.discard,
    measure,
    notify: (action, name, attributes = {}) =>
      events.publish({ type: "volume", action, id: name, attributes: { driver: "local", ...attributes } }),
  });
  const networks = resources.use(
    openNetworks({
      database: safe,
      zygote,
      usedBy: (network) =>
        everyContainer()
          .filter((record) => isOn(record, network))
          .map(({ name, network: joined }) => ({ name, running: joined !== undefined })),
      notify: (action, { id, name, driver }) =>
        events.publish({ type: "network", action, id, attributes: { name, type: driver } }),
      warn: warnOf,
    }),
  );
  const opened = await openContainers({
    database: fast,
    zygote,
    images,
    volumes,
    networks,
    trash,
    store,
    run,
    limitMode: config.limits,
    notify: (action, id, attributes) => events.publish({ type: "container", action, id, attributes }),
    notifyNetwork(action, name, container) {
      const { id = "", driver: type = "" } = networks.named(name) ?? {};
      events.publish({ type: "network", action, id, attributes: { container, name, type } });
    },
    warn: warnOf,
  });
  containers = opened;
  const opener = openBuilder({
    database: fast,
    images,
    layers,
    content,
    containers: opened,
    store,
    measure,
    discard: trash.discard,
    limits: config.builds,
    warn: warnOf,
  });
  builder = opener;
  const { environment } = config;
  const information = { id: randomUUID(), dataDirectory: store, zygote, networks, environment };
  const owned = resources.move();
  return {
    images,
    containers: opened,
    builder: opener,
    volumes,
    networks,
    events,
    information: async () => readSystemInformation(information),
    diagnose: () => diagnose({ zygote, networks, dataDirectory: store }),
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      // Containers go on without a daemon, and while they do the zygote stays for what they need.
      const running = everyContainer().some(({ state }) => state.status === "running");
      if (!running) zygote.shutdown();
      await owned.disposeAsync();
    },
  };
}
