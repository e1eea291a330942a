import { request } from "#client/api.ts";
import { fetchJson } from "#client/endpoints.ts";
import { RunFailure } from "../measure/candidate.ts";
import { summarize } from "../measure/statistics.ts";
import type { Group, Phase, Series } from "../result.ts";

/** Times of one container over the API, in milliseconds. */
interface ApiStart {
  create: number;
  start: number;
  wait: number;
  remove: number;
  phases: { Name: string; Microseconds: number }[];
}

/** Figures of starts over the API, without a client program. */
export interface ApiStarts {
  whole: Group;
  steps: Group;
  phases: Phase[];
}

/** Returns a container of the API that runs the payload. */
export function createBody(image: string, words: readonly string[], network: "bridge" | "none"): object {
  return {
    Image: image,
    ...(words.length > 0 ? { Cmd: words } : {}),
    HostConfig: { NetworkMode: network },
  };
}

/** Starts containers one after the other over the API; the connection and the daemon are warm. */
export async function measureApi(
  body: object,
  { rounds, warmups, signal }: { rounds: number; warmups: number; signal: AbortSignal },
): Promise<ApiStarts> {
  const starts: ApiStart[] = [];
  let failures = 0;
  for (let round = -warmups; round < rounds; round++) {
    signal.throwIfAborted();
    try {
      const one = await startOnce(body);
      if (round >= 0) starts.push(one);
    } catch (error) {
      if (!(error instanceof RunFailure) || round < 0) throw error;
      failures++;
    }
  }
  const series = (name: string, value: (one: ApiStart) => number): Series => ({
    name,
    samples: starts.map(value),
    failures,
  });
  return {
    whole: {
      id: "api",
      title: "API: create, start and wait",
      unit: "ms",
      comparable: false,
      series: [series("create to exit", ({ create, start, wait }) => create + start + wait)],
    },
    steps: {
      id: "api-steps",
      title: "API: requests",
      unit: "ms",
      comparable: false,
      series: [
        series("create", ({ create }) => create),
        series("start", ({ start }) => start),
        series("wait", ({ wait }) => wait),
        series("remove", ({ remove }) => remove),
      ],
    },
    phases: phasesOf(starts),
  };
}

async function startOnce(body: object): Promise<ApiStart> {
  const clock = stopwatch();
  const { Id: name } = await fetchJson("POST /containers/create", { json: body });
  const create = clock();
  try {
    await request("POST", `/containers/${name}/start`);
    const start = clock();
    const { StatusCode } = await fetchJson("POST /containers/{name}/wait", { name });
    const wait = clock();
    if (StatusCode !== 0) throw new RunFailure(`the container ended with exit status ${StatusCode}`);
    const { Tbox } = await fetchJson("GET /containers/{name}/json", { name });
    clock();
    await request("DELETE", `/containers/${name}`);
    return { create, start, wait, remove: clock(), phases: Tbox?.Phases ?? [] };
  } catch (error) {
    await request("DELETE", `/containers/${name}`, { query: { force: "1" } }).catch(() => {});
    throw error;
  }
}

/** Starts one container, waits for its end and removes it; returns the milliseconds until its end. */
export async function startAndWait(body: object): Promise<number> {
  const { create, start, wait } = await startOnce(body);
  return create + start + wait;
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
};

/** Places the medians of all phases on one time line. The daemon counts its phases from the arrival of the start request. */
function phasesOf(starts: readonly ApiStart[]): Phase[] {
  const median = (values: number[]) => summarize(values)?.p50 ?? 0;
  const create = median(starts.map((one) => one.create));
  const phases: Phase[] = [{ part: "API", name: "create", start: 0, end: create }];
  const names = starts[0]?.phases.map(({ Name }) => Name) ?? [];
  let last = create;
  for (const name of names) {
    const values = starts.flatMap(({ phases }) => phases.filter(({ Name }) => Name === name));
    const end = Math.max(last, create + median(values.map(({ Microseconds }) => Microseconds)) / 1000);
    phases.push({ part: parts[name] ?? "daemon", name, start: last, end });
    last = end;
  }
  const answered = create + median(starts.map(({ start }) => start));
  const ended = create + median(starts.map(({ start, wait }) => start + wait));
  phases.push({ part: "API", name: "start answered", start: Math.min(last, answered), end: answered });
  phases.push({ part: "API", name: "exit reported", start: answered, end: Math.max(answered, ended) });
  return phases;
}
