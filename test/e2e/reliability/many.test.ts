import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { busyProcesses, nameOf, processesNamed } from "#test/support/processes.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

/** Number of containers; `TBOX_TEST_MANY` overrides it. */
const count = Number(process.env.TBOX_TEST_MANY ?? "80");
const width = 8;
/** Processes that run as long as the daemon. */
const lasting = /^tbox-(zygote|net|net-lookup)$/;

daemonSuite("many containers with --rm", { obstacle: shellUnavailable }, (daemon) => {
  let gate: TemporaryDirectory;
  beforeAll(async () => {
    gate = temporaryDirectory("gate");
    await loadShell(daemon, "box:1");
  });
  afterAll(async () => {
    gate?.[Symbol.dispose]();
  });

  /** Runs one container with `--rm`, and follows its log and its end concurrently. */
  async function follow(number: number): Promise<{ output: string; code: number }> {
    // The container ends only after it is followed.
    const script = `until [ -e /gate/${number} ]; do sleep 0.02; done; echo first; echo last ${number}; exit ${number % 200}`;
    const created = await daemon.request("POST", "/containers/create", {
      Image: "box:1",
      Cmd: ["sh", "-c", script],
      Tty: true,
      HostConfig: { AutoRemove: true, NetworkMode: "none", Binds: [`${gate.path}:/gate:ro`] },
    });
    const { Id: id } = (await created.json()) as { Id: string };
    expect((await daemon.request("POST", `/containers/${id}/start`)).status).toBe(204);
    const [logs, wait] = await Promise.all([
      daemon.request("GET", `/containers/${id}/logs?follow=1&stdout=1&stderr=1`),
      daemon.request("POST", `/containers/${id}/wait?condition=removed`),
    ]);
    writeFileSync(`${gate.path}/${number}`, "");
    const [output, end] = await Promise.all([logs.text(), wait.json() as Promise<{ StatusCode: number }>]);
    return { output, code: end.StatusCode };
  }

  test(
    "lose no output and no exit code, and leave nothing behind",
    () =>
      whileAdvancing(async (advance) => {
        const mounts = () =>
          readFileSync("/proc/self/mountinfo", "utf8")
            .split("\n")
            .filter((line) => line.includes(daemon.data) || line.includes(daemon.run));
        let next = 0;
        const faults: object[] = [];
        const work = async () => {
          for (let number = next++; number < count; number = next++) {
            const seen = await follow(number);
            advance();
            const expected = { output: `first\r\nlast ${number}\r\n`, code: number % 200 };
            if (!Bun.deepEquals(seen, expected)) faults.push({ number, ...seen });
          }
        };
        await Promise.all(Array.from({ length: width }, work));
        expect(faults).toEqual([]);
        expect(await (await daemon.request("GET", "/containers/json?all=1")).json()).toEqual([]);
        // One directory is prepared for the next container, and emptied ones wait.
        const left = () =>
          readdirSync(`${daemon.data}/containers`).filter((name) => !name.startsWith(".ready-")).length;
        while (left() > 1) await Bun.sleep(20);
        // The command lines of the zygote and its children contain the run directory.
        const helpers = () => busyProcesses(daemon.run).filter((pid) => !lasting.test(nameOf(pid)));
        while (helpers().length > 0) await Bun.sleep(20);
        while (processesNamed("tbox-zygote", daemon.run).length > 1) await Bun.sleep(20);
        expect(mounts()).toEqual([]);
      }),
    { timeout: process.env.TBOX_TEST_MANY === undefined ? 75_000 : watched },
  );
});
