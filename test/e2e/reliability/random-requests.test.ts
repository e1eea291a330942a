import { afterAll, beforeAll, describe, test } from "bun:test";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import fc from "fast-check";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { loadBox } from "../support/images.ts";
import { mountSmallDisk, smallDiskUnavailable } from "../support/small-disk.ts";
import { commands } from "./model/commands.ts";
import { emptyModel, readModel, type System } from "./model/model.ts";

/** Number of sequences; `TBOX_TEST_SEQUENCES` overrides it and makes them long and random. */
const sequences = process.env.TBOX_TEST_SEQUENCES;

/** Seed and path of sequences that have failed once. */
const examples: { seed: number; path?: string }[] = [{ seed: 1 }];

const obstacle = await smallDiskUnavailable();
if (obstacle !== undefined) console.error(`skipped random requests: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("random requests and faults", () => {
  const opened = new AsyncDisposableStack();
  let daemon: TestDaemon;
  let disk: string;

  beforeAll(async () => {
    const { path } = opened.use(temporaryDirectory("disk"));
    const mounted = opened.use(await mountSmallDisk(path));
    disk = mounted.path;
    daemon = opened.use(await startDaemon({ TBOX_DATA_DIR: path }, undefined, mounted.enter));
    await loadBox(daemon);
  });
  afterAll(() => opened.disposeAsync());

  function fillDisk(): Disposable {
    const path = `${disk}/filler`;
    const file = openSync(path, "w");
    const bytes = new Uint8Array(64 * 1024);
    try {
      for (;;) writeSync(file, bytes);
    } catch {
      // The disk is full.
    } finally {
      closeSync(file);
    }
    return { [Symbol.dispose]: () => rmSync(path) };
  }

  /** Removes what the last sequence left. */
  async function clean(system: System): Promise<void> {
    const { containers, volumes, tags } = await readModel(system);
    for (const name of containers.keys()) await daemon.request("DELETE", `/containers/${name}?force=1`);
    for (const name of volumes) await daemon.request("DELETE", `/volumes/${name}`);
    for (const name of tags) await daemon.request("DELETE", `/images/${name}`);
  }

  interface Sequences {
    numRuns: number;
    maxCommands: number;
    example?: { seed: number; path?: string };
    advance?: () => void;
  }

  async function check({ numRuns, maxCommands, example, advance }: Sequences) {
    const property = fc.asyncProperty(fc.commands(commands, { maxCommands }), async (sequence) => {
      advance?.();
      const real: System = { daemon, fillDisk };
      await clean(real);
      await fc.asyncModelRun(() => ({ model: emptyModel(), real }), sequence);
    });
    await fc.assert(property, { numRuns, endOnFailure: sequences === undefined, ...example });
  }

  test.each(examples)(
    "leave the state that a model predicts: %j",
    (example) => check({ numRuns: 3, maxCommands: 25, example }),
    {
      timeout: 60_000,
    },
  );

  test.skipIf(sequences === undefined)(
    "leave the state that a model predicts, in many long sequences",
    () => whileAdvancing((advance) => check({ numRuns: Number(sequences), maxCommands: 100, advance })),
    { timeout: watched },
  );
});
