// Runs in the guest: compares the store with the expectations, then works on it until the power is cut.
import { readFileSync } from "node:fs";
import { startDaemon } from "#test/support/daemon.ts";
import { compare, type Expectations } from "./expectations.ts";
import { tell } from "./messages.ts";
import { openRecorder } from "./recorder.ts";
import { readStore } from "./verify-store.ts";
import { work } from "./workload.ts";

const [directory = "", generation = "0"] = process.argv.slice(2);
const expectations: Expectations = new Map(
  JSON.parse(readFileSync(`${directory}/expectations.json`, "utf8")),
);
const data = "/store/data";

const daemon = await startDaemon({ TBOX_DATA_DIR: data });
const { found, faults, runs } = await readStore(daemon, data);
tell({ kind: "verified", runs, faults: [...compare(expectations, found), ...faults] });
await work(daemon, { generation, found, record: openRecorder(`${directory}/steps`) });
