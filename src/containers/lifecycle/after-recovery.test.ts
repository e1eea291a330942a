import { expect, test } from "bun:test";
import { openUsageRegister } from "#support/usage-register.ts";
import { createdRecord } from "#test/support/container-record.ts";
import { memoryDatabase } from "#test/support/database.ts";
import { openContainerRecords } from "../state/container-records.ts";
import { createRuntimeState } from "../state/runtime-state.ts";
import { afterRecovery, recoveringFirst } from "./after-recovery.ts";

function openRecovering() {
  const runtime = createRuntimeState();
  const begun = Promise.withResolvers<void>();
  let count = 0;
  runtime.recover = () => {
    count++;
    return begun.promise;
  };
  const uses = openUsageRegister();
  const all = openContainerRecords({ database: memoryDatabase(), uses, written() {}, warn: () => {} });
  all.save(createdRecord({}));
  const records = recoveringFirst(all, () => runtime.recover?.());
  return { records, runtime: () => runtime, finish: begun.resolve, count: () => count };
}

test("a request that names a container begins its recovery, and a list does not", () => {
  const { records, count } = openRecovering();
  records.all();
  records.withId("c1");
  expect(count()).toBe(0);
  records.find("web");
  expect(count()).toBe(1);
  records.lookup("web");
  expect(count()).toBe(2);
  expect(records.lookup("other")).toBeUndefined();
  expect(count()).toBe(2);
});

test("an action that needs the monitor waits for the recovery", async () => {
  const { finish, ...services } = openRecovering();
  const seen: string[] = [];
  const attached = afterRecovery(services, "web", async () => seen.push("attached"));
  await new Promise(setImmediate);
  seen.push("recovered");
  finish();
  await attached;
  expect(seen).toEqual(["recovered", "attached"]);
});

test("an action on a container that needs no recovery begins at once", async () => {
  const services = openRecovering();
  services.runtime().recover = undefined;
  let begun = false;
  const action = afterRecovery(services, "web", async () => {
    begun = true;
  });
  expect(begun).toBe(true);
  await action;
});
