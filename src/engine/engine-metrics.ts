import { statfsSync } from "node:fs";
import type { PhaseTrace } from "#containers/state/container-record.ts";
import type { Counter, Histogram, Metrics } from "#support/metrics.ts";
import type { Engine } from "./engine.ts";
import type { NewEvent } from "./events.ts";

type Services = Pick<Engine, "images" | "containers" | "builder" | "volumes" | "networks">;

/** Recorder of what the services report. */
export interface EngineMetrics {
  /** Counts an event; a start adds the durations of its phases. */
  event(event: NewEvent, phases?: readonly PhaseTrace[]): void;
  /** Counts a start that failed. */
  failedStart(): void;
  /** Returns the services with their builds, pulls and pushes counted. */
  observed<Some extends Pick<Services, "images" | "builder">>(services: Some): Some;
  /** Adds the gauges, which read the services when the metrics are requested. */
  addGauges(services: Services, dataDirectory: string): void;
}

/** Upper bounds of latencies in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export function openEngineMetrics(metrics: Metrics): EngineMetrics {
  const events = metrics.counter("tbox_events_total", "Events, as docker events shows them.");
  const failed = metrics.counter("tbox_container_start_failures_total", "Starts of containers that failed.");
  const phases = metrics.histogram(
    "tbox_container_start_phase_seconds",
    "Duration of the phases of a start; the phase total is the whole start.",
    bounds,
  );
  const operation = metrics.histogram(
    "tbox_operation_seconds",
    "Duration of builds, pulls and pushes.",
    bounds,
  );
  const failures = metrics.counter("tbox_operation_failures_total", "Builds, pulls and pushes that failed.");
  const bytes = metrics.counter(
    "tbox_transfer_bytes_total",
    "Bytes of layers sent to and received from registries.",
  );
  const observe = <Item>(
    name: string,
    source: AsyncIterable<Item>,
    onItem: (item: Item) => void = () => {},
  ) =>
    observed(source, {
      onItem,
      onEnd: (seconds) => operation.observe(seconds, { operation: name }),
      onFailure: () => failures.add({ operation: name }),
    });
  const transferred = (direction: string) => {
    const moved = new Map<string, number>();
    return (item: object) => {
      if (!("id" in item && "current" in item && "status" in item)) return;
      const { id, current, status } = item;
      if (typeof id !== "string" || typeof current !== "number" || !/^(Down|Push)/.test(String(status)))
        return;
      const more = current - (moved.get(id) ?? 0);
      if (more <= 0) return;
      moved.set(id, current);
      bytes.add({ direction }, more);
    };
  };
  const event = openEventCounter(events, phases);
  return {
    event,
    failedStart: () => failed.add(),
    observed: (services) => ({
      ...services,
      images: {
        ...services.images,
        pull: (...args) => observe("pull", services.images.pull(...args), transferred("received")),
        pullAllTags: (...args) =>
          observe("pull", services.images.pullAllTags(...args), transferred("received")),
        push: (...args) => observe("push", services.images.push(...args), transferred("sent")),
      },
      builder: { ...services.builder, build: (request) => observe("build", services.builder.build(request)) },
    }),
    addGauges: (services, directory) => addGauges(metrics, services, directory),
  };
}

/** Returns a function that counts events and observes phases. Remembers their labels, because every start has twenty. */
function openEventCounter(events: Counter, phases: Histogram): EngineMetrics["event"] {
  const adders = new Map<string, Map<string, () => void>>();
  const observers = new Map<string, (seconds: number) => void>();
  const count = (type: string, action: string) => {
    const ofType = adders.get(type) ?? new Map<string, () => void>();
    adders.set(type, ofType);
    const add = ofType.get(action) ?? events.adder({ type, action });
    ofType.set(action, add);
    add();
  };
  const observePhase = (phase: string, microseconds: number) => {
    const observer = observers.get(phase) ?? phases.observer({ phase });
    observers.set(phase, observer);
    observer(microseconds / 1e6);
  };
  return ({ type, action }, trace = []) => {
    // `exec_start: sh` has its command after the colon.
    count(type, action.includes(":") ? action.replace(/:.*/s, "") : action);
    let before = 0;
    for (const { name, microseconds } of trace) {
      observePhase(name, microseconds - before);
      before = microseconds;
    }
    if (trace.length > 0) observePhase("total", before);
  };
}

const everything = { all: true, filters: new Map<string, string[]>() };

function addGauges(metrics: Metrics, { containers, images, volumes, networks }: Services, directory: string) {
  metrics.gauge("tbox_containers", "Containers by state.", () => {
    const states = Map.groupBy(containers.queries.list(everything), ({ state }) => state.status);
    return [...states].map(([state, { length }]) => [{ state }, length]);
  });
  metrics.gauge("tbox_objects", "Images, volumes and networks.", async () => [
    [{ type: "image" }, (await images.list(everything)).length],
    [{ type: "volume" }, volumes.list({ filters: new Map() }).length],
    [{ type: "network" }, networks.list(new Map()).length],
  ]);
  metrics.gauge("tbox_image_bytes", "Bytes of blobs and unpacked layers of images.", async () => {
    const { size, reclaimable } = await images.usage();
    return [
      [{ part: "used" }, size - reclaimable],
      [{ part: "reclaimable" }, reclaimable],
    ];
  });
  metrics.gauge("tbox_disk_bytes", "Bytes of the file system of the store.", () => {
    const { blocks, bavail, bsize } = statfsSync(directory);
    return [
      [{ part: "size" }, blocks * bsize],
      [{ part: "available" }, bavail * bsize],
    ];
  });
  metrics.gauge(
    "tbox_disk_inodes",
    "Inodes of the file system of the store; 0 where it has no limit.",
    () => {
      const { files, ffree } = statfsSync(directory);
      return [
        [{ part: "size" }, files],
        [{ part: "available" }, ffree],
      ];
    },
  );
  metrics.gauge("tbox_memory_bytes", "Resident memory of the daemon.", () => [
    [{}, process.memoryUsage.rss()],
  ]);
}

interface Observer<Item> {
  onItem: (item: Item) => void;
  onEnd: (seconds: number) => void;
  onFailure: () => void;
}

async function* observed<Item>(
  source: AsyncIterable<Item>,
  { onItem, onEnd, onFailure }: Observer<Item>,
): AsyncGenerator<Item, void, void> {
  const begun = performance.now();
  try {
    for await (const item of source) {
      onItem(item);
      yield item;
    }
    onEnd((performance.now() - begun) / 1000);
  } catch (error) {
    onFailure();
    throw error;
  }
}
