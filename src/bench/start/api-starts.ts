import type { JsonAnswers } from "#api/answers/endpoints.ts";
import { trustAnswer } from "#client/trust-answer.ts";
import { RunFailure } from "../measure/candidate.ts";
import { summarize } from "../measure/statistics.ts";
import type { Group, Phase, Series } from "../result.ts";
import type { ApiConnection, ApiConnections } from "./api-connection.ts";

/** Times of the requests for one container, in milliseconds. */
interface ApiStart {
  create: number;
  start: number;
  wait: number;
}

/** Times of a container that stays after its exit until it is removed. */
interface KeptStart extends ApiStart {
  remove: number;
  phases: { Name: string; Microseconds: number }[];
}

/** Figures of starts over the API, without a client program. */
export interface ApiStarts {
  whole: Group;
  steps: Group;
  phases: Phase[];
}

/** The settings of a container in a request. */
export interface ApiContainer {
  image: string;
  words: readonly string[];
  network: "bridge" | "none";
}

/** Starts containers one after the other over the API; the connection and the daemon are warm. */
export async function measureApi(
  connections: ApiConnections,
  container: ApiContainer,
  { rounds, warmups, signal }: { rounds: number; warmups: number; signal: AbortSignal },
): Promise<ApiStarts> {
  const removed: number[] = [];
  const kept: KeptStart[] = [];
  let failures = 0;
  for (let round = -warmups; round < rounds; round++) {
    signal.throwIfAborted();
    try {
      // In turn, so that the noise of the machine affects both equally.
      const time = await startRemoved(connections, container);
      const start = await connections.use((connection) => startKept(connection, container));
      if (round < 0) continue;
      removed.push(time);
      kept.push(start);
    } catch (error) {
      if (!(error instanceof RunFailure) || round < 0) throw error;
      failures++;
    }
  }
  const series = (name: string, samples: number[]): Series => ({ name, samples, failures });
  const step = (name: "create" | "start" | "wait" | "remove") =>
    series(
      name,
      kept.map((one) => one[name]),
    );
  return {
    whole: {
      id: "api",
      title: "API: create, start and wait for the end",
      unit: "ms",
      comparable: false,
      series: [series("with AutoRemove", removed), series("without AutoRemove", kept.map(untilExit))],
    },
    steps: {
      id: "api-steps",
      title: "API: requests for a container without AutoRemove",
      unit: "ms",
      comparable: false,
      series: [step("create"), step("start"), step("wait"), step("remove")],
    },
    phases: phasesOf(kept),
  };
}

function untilExit({ create, start, wait }: ApiStart): number {
  return create + start + wait;
}

/**
 * Starts a container that its exit removes, and waits for the removal, as `docker run --rm` does: the wait is requested before the
 * start, on a second connection. Returns the milliseconds until the removal.
 */
export async function startRemoved(connections: ApiConnections, container: ApiContainer): Promise<number> {
  return connections.use((first) =>
    connections.use(async (second) => {
      const clock = stopwatch();
      const { Id } = await create(first, container, { AutoRemove: true });
      const ended = waitForEnd(second, Id, "removed");
      await Promise.all([send(first, "POST", `/containers/${Id}/start`), ended]);
      return clock();
    }),
  );
}

async function startKept(connection: ApiConnection, container: ApiContainer): Promise<KeptStart> {
  const clock = stopwatch();
  const { Id } = await create(connection, container, {});
  const created = clock();
  try {
    await send(connection, "POST", `/containers/${Id}/start`);
    const start = clock();
    await waitForEnd(connection, Id, "not-running");
    const wait = clock();
    const text = await send(connection, "GET", `/containers/${Id}/json`);
    const { Tbox } = trustAnswer<JsonAnswers["GET /containers/{name}/json"]>(JSON.parse(text));
    clock();
    await send(connection, "DELETE", `/containers/${Id}`);
    return { create: created, start, wait, remove: clock(), phases: Tbox?.Phases ?? [] };
  } catch (error) {
    await send(connection, "DELETE", `/containers/${Id}?force=1`).catch(() => {});
    throw error;
  }
}

async function create(
  connection: ApiConnection,
  { image, words, network }: ApiContainer,
  host: { AutoRemove?: boolean },
): Promise<JsonAnswers["POST /containers/create"]> {
  const body = {
    Image: image,
    ...(words.length > 0 ? { Cmd: words } : {}),
    HostConfig: { NetworkMode: network, ...host },
  };
  return trustAnswer(JSON.parse(await send(connection, "POST", "/containers/create", JSON.stringify(body))));
}

/** Waits until a container has ended; throws `RunFailure` unless it exits with 0. */
async function waitForEnd(
  connection: ApiConnection,
  id: string,
  condition: "not-running" | "removed",
): Promise<void> {
  const text = await send(connection, "POST", `/containers/${id}/wait?condition=${condition}`);
  const { StatusCode } = trustAnswer<JsonAnswers["POST /containers/{name}/wait"]>(JSON.parse(text));
  if (StatusCode !== 0) throw new RunFailure(`the container ended with exit status ${StatusCode}`);
}

/** Sends a request and returns the body of its answer; throws `RunFailure` for an error of the daemon. */
async function send(
  connection: ApiConnection,
  method: string,
  target: string,
  body?: string,
): Promise<string> {
  const response = await connection.exchange(method, target, body);
  if (response.status >= 400) throw new RunFailure(`${method} ${target}: ${response.body}`);
  return response.body;
}

/** Returns a function that returns the milliseconds since its last call. */
function stopwatch(): () => number {
  let last = Bun.nanoseconds();
  return () => {
    const now = Bun.nanoseconds();
    const passed = (now - last) / 1e6;
    last = now;
    return passed;
  };
}

/** Part of tbox that ends each phase of a start, by the name of the phase in `inspect`. */
const parts: Record<string, string> = {
  resolved: "daemon",
  prepared: "daemon",
  received: "zygote",
  forked: "zygote",
  cloned: "monitor",
  born: "sandbox",
  mounted: "sandbox",
  pivoted: "sandbox",
  confined: "sandbox",
  executed: "sandbox",
  reported: "daemon",
  ended: "program",
  noticed: "monitor",
};

/**
 * Places the medians of all phases on one time line, in the order of their ends. The daemon counts its phases from the arrival of
 * the start request.
 */
function phasesOf(starts: readonly KeptStart[]): Phase[] {
  const median = (values: number[]) => summarize(values)?.p50 ?? 0;
  const created = median(starts.map((one) => one.create));
  const names = starts[0]?.phases.map(({ Name }) => Name) ?? [];
  const inside = names.map((name) => {
    const values = starts.flatMap(({ phases }) => phases.filter(({ Name }) => Name === name));
    const end = created + median(values.map(({ Microseconds }) => Microseconds)) / 1000;
    return { part: parts[name] ?? "daemon", name, end };
  });
  const ends = [
    { part: "API", name: "create", end: created },
    ...inside,
    { part: "API", name: "start answered", end: created + median(starts.map(({ start }) => start)) },
    { part: "API", name: "exit reported", end: median(starts.map(untilExit)) },
  ].sort((one, other) => one.end - other.end);
  return ends.map((phase, index) => ({ ...phase, start: ends[index - 1]?.end ?? 0 }));
}
