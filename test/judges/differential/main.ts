import { dirname } from "node:path";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { startDaemon } from "#test/support/daemon.ts";
import { isAccepted } from "./accepted.ts";
import type { Difference } from "./compare.ts";
import { sequences } from "./generate/sequences.ts";
import { type Pair, runSequence } from "./run-sequence.ts";
import type { Step } from "./step.ts";
import { prepare } from "./world.ts";

/** Compares tbox with Docker; see README.md. */
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "100" },
    subject: { type: "string", multiple: true, default: Object.keys(sequences) },
  },
});
const [socket = ""] = positionals;
await using daemon = await startDaemon();
const pair: Pair = {
  docker: { name: "docker", socket, saved: new Map() },
  tbox: { name: "tbox", socket: daemon.socket, saved: new Map() },
  roots: { docker: `${dirname(socket)}/data`, tbox: daemon.data },
};
await Promise.all([prepare(pair.docker), prepare(pair.tbox)]);
const known = new Set<string>();
let played = 0;
for (const subject of options.subject) await explore(subject);
console.log(`${played} sequences, ${known.size} differences`);
process.exitCode = known.size === 0 ? 0 : 1;

/** Plays generated sequences; shrinks and prints each sequence with a new difference. */
async function explore(subject: string): Promise<void> {
  const arbitrary = sequences[subject];
  if (arbitrary === undefined) throw new Error(`no subject ${subject}: ${Object.keys(sequences).join(", ")}`);
  const runs = Number(options.runs);
  for (let seed = Number(options.seed), left = runs; left > 0; seed++) {
    const property = fc.asyncProperty(arbitrary, async (steps) => {
      const found = await newDifferences(steps);
      if (found.length > 0) throw new Error("differs");
    });
    const outcome = await fc.check(property, { seed, numRuns: left, interruptAfterTimeLimit: 600_000 });
    left -= outcome.numRuns;
    const [steps] = outcome.counterexample ?? [];
    if (steps === undefined) break;
    report(subject, seed, steps, await newDifferences(steps));
  }
}

async function newDifferences(steps: Step[]): Promise<Difference[]> {
  played += 1;
  const found = await runSequence(pair, steps);
  return found.filter((one) => !isAccepted(one) && !known.has(signatureOf(one)));
}

function report(subject: string, seed: number, steps: Step[], found: Difference[]): void {
  console.log(`== ${subject}, seed ${seed}`);
  for (const { method, path, body, note } of steps) {
    const shown = note ?? body;
    console.log(`  ${method} ${path}${shown === undefined ? "" : ` ${JSON.stringify(shown)}`}`);
  }
  for (const one of found) {
    console.log(`  ${one.request} ${one.place}\n    docker ${one.docker}\n    tbox   ${one.tbox}`);
    known.add(signatureOf(one));
  }
}

/** Returns the name of a kind of difference: its place, without the words of the values. */
function signatureOf({ request, place, docker, tbox }: Difference): string {
  const shape = (text: string) =>
    text
      .replaceAll(/"[^"]*"/g, '""')
      .replaceAll(/\d+/g, "0")
      .slice(0, 80);
  const route = request.split("?")[0];
  return [route, place, shape(docker), shape(tbox)].join(" ");
}
