import type { Execs } from "../exec/execs.ts";
import type { Healthcheck } from "../request/create-request.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { applyProbe } from "./apply-probe.ts";
import { runProbe } from "./run-probe.ts";

const second = 1_000_000_000;
const defaults = { Interval: 30 * second, Timeout: 30 * second, StartInterval: 5 * second, Retries: 3 };

/**
 * Probes a started container until the container exits or the result is disposed. Does nothing without a health check.
 */
export function watchHealth(services: ContainerServices, execs: Execs, record: ContainerRecord): Disposable {
  const check = healthcheckOf(record);
  if (check === undefined) return { [Symbol.dispose]() {} };
  // Setting the system's clock neither ends the start period nor prolongs it.
  const startedAt = performance.now();
  const stop = new AbortController();
  let timer: Timer | undefined;

  function scheduleProbe(check: Healthcheck): void {
    timer = setTimeout(
      () => {
        probe(check)
          .catch((error) => services.warn(`check the health of container ${record.name}`, error))
          .finally(() => {
            if (!stop.signal.aborted && isRunning(record)) scheduleProbe(check);
          });
      },
      delayBeforeProbe(record, check, startedAt),
    );
  }

  async function probe(check: Healthcheck): Promise<void> {
    const start = new Date().toISOString();
    const Cmd = commandOf(record, check);
    const outcome = await runProbe(execs, record.id, { Cmd, timeout: check.Timeout || defaults.Timeout });
    const { health } = record.state;
    if (stop.signal.aborted || !isRunning(record) || !health) return;
    const before = health.status;
    applyProbe(
      health,
      { start, end: new Date().toISOString(), ...outcome },
      { retries: check.Retries || defaults.Retries, inStartPeriod: isInStartPeriod(check, startedAt) },
    );
    services.records.saveEventually(record);
    if (health.status !== before) services.notify(`health_status: ${health.status}`, record);
  }

  record.state.health = { status: "starting", failingStreak: 0, log: [] };
  services.records.saveEventually(record);
  scheduleProbe(check);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      stop.abort();
    },
  };
}

function healthcheckOf({ config }: Pick<ContainerRecord, "config">): Healthcheck | undefined {
  const check = config.Healthcheck;
  return check?.Test && check.Test.length > 0 && check.Test[0] !== "NONE" ? check : undefined;
}

/** Returns milliseconds. A starting container is probed at the start interval. */
function delayBeforeProbe({ state }: ContainerRecord, check: Healthcheck, startedAt: number): number {
  const { Interval, StartInterval } = check;
  const starting = state.health?.status === "starting" && isInStartPeriod(check, startedAt);
  const delay = starting ? StartInterval || defaults.StartInterval : Interval || defaults.Interval;
  return delay / 1_000_000;
}

function isInStartPeriod({ StartPeriod = 0 }: Healthcheck, startedAt: number): boolean {
  return (performance.now() - startedAt) * 1_000_000 < StartPeriod;
}

function commandOf({ config }: ContainerRecord, { Test = [] }: Healthcheck): string[] {
  const [kind, ...words] = Test;
  const shell = config.Shell ?? ["/bin/sh", "-c"];
  return kind === "CMD-SHELL" ? [...shell, words.join(" ")] : words;
}
