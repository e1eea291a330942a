import { finished } from "node:stream/promises";
import type { Healthcheck } from "../request/create-request.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord, HealthProbe, HealthState } from "../state/record.ts";
import type { Execs } from "./execs.ts";

const second = 1_000_000_000;
const defaults = { Interval: 30 * second, Timeout: 30 * second, StartInterval: 5 * second, Retries: 3 };

/** Probes that are kept, and bytes of output of each. */
const mostProbes = 5;
const mostOutput = 4096;

/** The check of a container; nothing when it has none. */
function healthcheckOf({ config }: Pick<ContainerRecord, "config">): Healthcheck | undefined {
  const check = config.Healthcheck;
  return check?.Test && check.Test.length > 0 && check.Test[0] !== "NONE" ? check : undefined;
}

/** Probes a container that has started until it ends or is disposed of. */
export function watchHealth(fleet: Fleet, execs: Execs, record: ContainerRecord): Disposable {
  const check = healthcheckOf(record);
  const started = Date.now();
  const stop = new AbortController();
  let timer: Timer | undefined;
  if (check) {
    record.state.health = { status: "starting", failingStreak: 0, log: [] };
    fleet.records.save(record);
    schedule(check);
  }

  function schedule(found: Healthcheck): void {
    timer = setTimeout(() => {
      probe(found)
        .catch((error) => fleet.warn(`check the health of container ${record.name}`, error))
        .finally(() => {
          if (!stop.signal.aborted && isRunning(record)) schedule(found);
        });
    }, waitFor(found));
  }

  /** While it starts, a container is probed more often where the check says so. */
  function waitFor({ Interval, StartInterval, StartPeriod = 0 }: Healthcheck): number {
    const starting = StartPeriod > 0 && record.state.health?.status === "starting";
    const early = starting && (Date.now() - started) * 1_000_000 < StartPeriod;
    const wait = early ? StartInterval || defaults.StartInterval : Interval || defaults.Interval;
    return wait / 1_000_000;
  }

  async function probe(found: Healthcheck): Promise<void> {
    const [kind, ...words] = found.Test ?? [];
    const shell = record.config.Shell ?? ["/bin/sh", "-c"];
    const Cmd = kind === "CMD-SHELL" ? [...shell, words.join(" ")] : words;
    const begun = new Date().toISOString();
    const outcome = await runProbe(execs, record.id, { Cmd, timeout: found.Timeout || defaults.Timeout });
    if (stop.signal.aborted || !isRunning(record)) return;
    const { health } = record.state;
    if (!health) return;
    const inStartPeriod = (Date.now() - started) * 1_000_000 < (found.StartPeriod ?? 0);
    const before = health.status;
    applyProbe(
      health,
      { start: begun, end: new Date().toISOString(), ...outcome },
      {
        retries: found.Retries || defaults.Retries,
        inStartPeriod,
      },
    );
    fleet.records.save(record);
    if (health.status !== before) fleet.notify(`health_status: ${health.status}`, record);
  }

  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      stop.abort();
    },
  };
}

/** What a probe makes of a container's health (Docker's rules). */
export function applyProbe(
  health: HealthState,
  probe: HealthProbe,
  { retries, inStartPeriod }: { retries: number; inStartPeriod: boolean },
): void {
  health.log = [...health.log, probe].slice(-mostProbes);
  if (probe.exitCode === 0) {
    health.failingStreak = 0;
    health.status = "healthy";
    return;
  }
  // Failures of a container that is still starting do not count.
  if (inStartPeriod && health.status === "starting") return;
  health.failingStreak++;
  if (health.failingStreak >= retries) health.status = "unhealthy";
}

async function runProbe(
  execs: Execs,
  container: string,
  { Cmd, timeout }: { Cmd: string[]; timeout: number },
): Promise<{ exitCode: number; output: string }> {
  const id = execs.create(container, { Cmd, AttachStdout: true, AttachStderr: true });
  let output = "";
  try {
    const { stream, ended } = await execs.start(id, { detach: false, framing: "raw" });
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), timeout / 1_000_000);
    stream?.on("data", (bytes: Buffer) => {
      if (output.length < mostOutput) output += bytes.toString();
    });
    const drained = stream && finished(stream.resume(), { writable: false }).catch(() => {});
    const outcome = await Promise.race([Promise.all([ended, drained]), late.promise]);
    clearTimeout(timer);
    if (outcome === "late") {
      execs.kill(id);
      stream?.destroy();
      const text = `Health check exceeded timeout (${timeout / second}s)`;
      return { exitCode: -1, output: (output ? `${text}: ${output}` : text).slice(0, mostOutput) };
    }
    return { exitCode: execs.get(id).exitCode ?? -1, output: output.slice(0, mostOutput) };
  } catch (error) {
    return { exitCode: -1, output: String(error instanceof Error ? error.message : error) };
  }
}
