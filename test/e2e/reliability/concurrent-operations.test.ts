import { expect, test } from "bun:test";
import fc from "fast-check";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { busyProcesses, nameOf } from "#test/support/processes.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

/** Duration in seconds; `TBOX_TEST_STORM` overrides it. */
const seconds = Number(process.env.TBOX_TEST_STORM ?? "4");

const programs = [
  ["false"],
  ["true"],
  ["sleep", "0.05"],
  ["sleep", "1000"],
  ["sh", "-c", "trap : TERM; sleep 1000"],
];
const policies = [{}, { RestartPolicy: { Name: "always" } }, { AutoRemove: true }];
const kinds = programs.flatMap((Cmd) => policies.map((policy) => ({ Cmd, policy })));

/** Requests on a container, by frequency. */
const operations = [
  "POST start",
  "POST start",
  "POST start",
  "POST stop?t=0",
  "POST stop?t=0",
  "POST restart?t=0",
  "POST kill",
  "POST kill?signal=TERM",
  "POST rename?name=",
  "DELETE ?force=1",
  "DELETE ",
  "GET json",
  "GET logs?stdout=1",
];

interface Event {
  Action: string;
  Actor: { ID: string };
}

daemonSuite(
  "operations on the same containers at the same time",
  { obstacle: shellUnavailable, prepare: (daemon) => loadShell(daemon, "box:1") },
  (daemon) => {
    const call = async (method: string, path: string, body?: unknown) => {
      const response = await daemon.request(method, path, body);
      return { status: response.status, text: await response.text() };
    };
    const list = async (): Promise<{ Id: string }[]> =>
      JSON.parse((await call("GET", "/containers/json?all=1")).text);

    test(
      "leave each container in one state, and nothing behind",
      () =>
        whileAdvancing(async (advance) => {
          const begun = Date.now() / 1000;
          const end = performance.now() + seconds * 1000;
          const names = Array.from({ length: 6 }, (_, index) => `shared${index}`);
          const faults: object[] = [];
          const sample = sampler([
            fc.constantFrom(...names),
            fc.constantFrom(...operations),
            fc.constantFrom(...kinds),
          ]);
          const work = async (worker: number) => {
            for (let round = 0; performance.now() < end; round++) {
              const [name, operation, { Cmd, policy }] = sample();
              const [method = "", rest = ""] = operation.split(" ");
              const tail = rest.endsWith("=") ? `${rest}${names[(worker + round) % names.length]}` : rest;
              const path = `/containers/${name}${tail === "" || tail.startsWith("?") ? "" : "/"}${tail}`;
              const answer = await call(method, path);
              advance();
              if (answer.status >= 500) faults.push({ method, path, ...answer });
              if (answer.status !== 404) continue;
              const HostConfig = { NetworkMode: "none", ...policy };
              const made = await call("POST", `/containers/create?name=${name}`, {
                Image: "box:1",
                Cmd,
                HostConfig,
              });
              if (made.status !== 201 && made.status !== 409) faults.push(made);
            }
          };
          await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)));
          expect(faults).toEqual([]);

          for (const { Id } of await list()) {
            const { status, text } = await call("DELETE", `/containers/${Id}?force=1`);
            // One that removes itself at its exit may have done so.
            expect({ status, text }).toEqual(expect.objectContaining({ status: status === 404 ? 404 : 204 }));
          }
          expect(await list()).toEqual([]);
          await until(() => busyProcesses(daemon.run).every((pid) => nameOf(pid) !== "tbox-monitor"));
          const limit = Math.ceil(Date.now() / 1000) + 1;
          const { text } = await call("GET", `/events?since=${Math.floor(begun)}&until=${limit}`);
          const events: Event[] = text
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line));
          // The daemon keeps the last events only, so the first ones of a container can be missing.
          for (const [id, actions] of lives(events)) expect(`${id}: ${actions}`).toMatch(/: [cd]?(sd)*x$/);
        }),
      { timeout: process.env.TBOX_TEST_STORM === undefined ? 75_000 : watched },
    );
  },
);

/** Returns a function that returns one random value of each kind. */
function sampler<Values extends unknown[]>(kinds: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> }) {
  let ready: Values[] = [];
  return (): Values => {
    if (ready.length === 0) ready = fc.sample(fc.tuple<Values>(...kinds), 500);
    const next = ready.pop();
    if (next === undefined) throw new Error("no sample");
    return next;
  };
}

/** Returns, for each container, its creation, starts, exits and removal as a text of the letters c, s, d and x. */
function lives(events: readonly Event[]): Map<string, string> {
  const letters: Record<string, string> = { create: "c", start: "s", die: "d", destroy: "x" };
  const found = new Map<string, string>();
  for (const { Action, Actor } of events) {
    const letter = letters[Action];
    if (letter !== undefined) found.set(Actor.ID, (found.get(Actor.ID) ?? "") + letter);
  }
  return found;
}
