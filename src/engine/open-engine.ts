import { randomUUID } from "node:crypto";
import { openBuilder } from "#builds/open-builder.ts";
import { type ContainersOptions, openContainers } from "#containers/open-containers.ts";
import { containerSocketName } from "#containers/request/api-socket.ts";
import { openSoon } from "#support/concurrency/soon.ts";
import { openLog } from "#support/log.ts";
import { openMetrics } from "#support/metrics.ts";
import type { Config } from "./config.ts";
import { diagnose } from "./doctor.ts";
import type { Engine } from "./engine.ts";
import { type EngineMetrics, openEngineMetrics } from "./engine-metrics.ts";
import type { EventLog } from "./events.ts";
import { openFoundations } from "./foundations.ts";
import { latestRelease } from "./latest-release.ts";
import { explainDamage } from "./lost-database.ts";
import { openResources } from "./open-resources.ts";
import { withPruneEvents } from "./prune-events.ts";
import { readSystemInformation } from "./system-information.ts";

/** Opens every service of a store. Only one engine can have a store open. */
export async function openEngine(config: Config): Promise<Engine> {
  try {
    return await openServices(config);
  } catch (error) {
    throw explainDamage(config.dataDirectory, error);
  }
}

async function openServices(config: Config): Promise<Engine> {
  const { dataDirectory, runDirectory, environment, releaseFeed } = config;
  await using resources = new AsyncDisposableStack();
  const foundations = await openFoundations(config, resources);
  const { content, events, failed, fast, layers, measure, trash, uses, zygote } = foundations;
  const { images, volumes, networks } = await openResources(foundations, resources);
  const metrics = openMetrics();
  const recorder = openEngineMetrics(metrics);
  const containers = await openContainers({
    store: dataDirectory,
    run: runDirectory,
    database: fast,
    uses,
    zygote,
    images,
    volumes,
    networks,
    trash,
    limitMode: config.limits,
    defaults: config.containers,
    syncSoon: foundations.syncSoon,
    defer: foundations.defer,
    notify: containerNotifier(events, recorder),
    failedStart: recorder.failedStart,
    notifyNetwork(action, name, container) {
      const { id = "", driver: type = "" } = networks.named(name) ?? {};
      events.publish({ type: "network", action, id, attributes: { container, name, type } });
    },
    warn: openLog("containers").warn,
  });
  const builder = openBuilder({
    database: fast,
    uses,
    images,
    layers,
    content,
    containers,
    store: dataDirectory,
    measure,
    discard: trash.discard,
    limits: config.builds,
    warn: openLog("builds").warn,
  });
  // Containers and the build cache have registered their uses, so nothing in use can be collected.
  images.startCollecting();
  const machine = { dataDirectory, zygote, networks, registries: config.registry, environment };
  const information = { id: randomUUID(), ...machine, noNewPrivileges: config.containers.noNewPrivileges };
  const services = { images, containers, builder, volumes, networks };
  recorder.addGauges(services, dataDirectory);
  const owned = resources.move();
  return {
    ...withPruneEvents(recorder.observed(services), events),
    events,
    metrics,
    failed,
    listenForContainers: () => zygote.listen(containerSocketName),
    listenAgain: () => zygote.listenAgain(),
    information: async () => readSystemInformation(information),
    diagnose: () => diagnose({ zygote, networks, dataDirectory }),
    latestRelease: async (signal) => releaseFeed && latestRelease(releaseFeed, config.registry, signal),
    async [Symbol.asyncDispose]() {
      await containers[Symbol.asyncDispose]();
      // Containers outlive the daemon; while they run, they need the zygote.
      const running = containers.queries.list({ all: false, filters: new Map([["status", ["running"]]]) });
      if (running.length === 0) zygote.shutdown();
      await owned.disposeAsync();
    },
  };
}

/** Returns a function that publishes and counts an event of a container. */
function containerNotifier(
  events: Pick<EventLog, "publish">,
  recorder: Pick<EngineMetrics, "event">,
): ContainersOptions["notify"] {
  const soon = openSoon();
  return (action, id, attributes, phases) => {
    const event = { type: "container", action, id, attributes } as const;
    events.publish(event);
    soon.run(() => recorder.event(event, phases));
  };
}
