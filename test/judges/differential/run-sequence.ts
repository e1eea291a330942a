import { type Comparable, compareAnswers, type Difference } from "./compare.ts";
import { normalise } from "./normalise.ts";
import { type Engine, play, type Result, type Step, send } from "./step.ts";
import { reset } from "./world.ts";

/** The two engines, and the directories of their stores. */
export interface Pair {
  docker: Engine;
  tbox: Engine;
  roots: { docker: string; tbox: string };
}

/** Steps that follow every sequence and list the remaining objects. */
const closing: Step[] = [
  { method: "GET", path: "/containers/json?all=1" },
  { method: "GET", path: "/images/json?all=1" },
  { method: "GET", path: "/networks" },
  { method: "GET", path: "/volumes" },
];

/** Plays a sequence on both engines and returns the differences, in the order of the steps. */
export async function runSequence(pair: Pair, steps: Step[]): Promise<Difference[]> {
  await Promise.all([reset(pair.docker), reset(pair.tbox)]);
  const [docker, tbox] = await Promise.all([
    playAll(pair.docker, pair.roots.docker, steps),
    playAll(pair.tbox, pair.roots.tbox, steps),
  ]);
  const found: Difference[] = [];
  for (const [index, answer] of docker.entries()) {
    const other = tbox[index];
    const step = [...steps, ...closing][index] ?? { method: "GET", path: "/events" };
    if (other === undefined) break;
    const here = compareAnswers(step.method, step.path, answer, other);
    found.push(...here);
    // After a request that only one engine accepted, later answers differ for this reason.
    if (step.method !== "GET" && here.some(({ place }) => place === "status")) break;
  }
  return found;
}

/** Plays a sequence on one engine and returns its answers, those of the closing steps and the events. */
async function playAll(engine: Engine, root: string, steps: Step[]): Promise<Comparable[]> {
  const since = nanoseconds();
  const answers: Comparable[] = [];
  const keep = (result: Result) => {
    const { status, headers, content, unfinished } = result;
    answers.push({ status, headers, body: normalise(engine, root, content), unfinished });
  };
  for (const step of steps) keep(await play(engine, step));
  for (const step of closing) keep(await send(engine, step));
  keep(await send(engine, { method: "GET", path: `/events?since=${since}&until=${nanoseconds()}` }));
  return answers;
}

/** Returns the current time in the form of `since` and `until`. */
function nanoseconds(): string {
  const now = Date.now();
  return `${Math.floor(now / 1000)}.${String(now % 1000).padStart(3, "0")}000000`;
}
