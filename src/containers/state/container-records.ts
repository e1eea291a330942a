import type { Database } from "bun:sqlite";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { Warn } from "#support/log.ts";
import { type ContainerRecord, isRunning, isShortLived } from "./container-record.ts";
import { type ContainerTable, openContainerTable } from "./container-rows.ts";
import { type ContainerUses, usesOf } from "./container-uses.ts";
import { byCreation, openCreationOrder } from "./creation-order.ts";

/** Table of the containers, with a copy in memory. Lookups never read the disk. */
export interface ContainerRecords {
  /** Returns the records in the order of their creation. */
  all(): ContainerRecord[];
  /** Returns a number that changes whenever a record is written, registers its uses, or is deleted. */
  revision(): number;
  /** Returns the number that `revision` had after the last change of a record. */
  revisionOf(record: ContainerRecord): number;
  /** Finds a container by name, ID or unique ID prefix. Throws not-found with Docker's text. */
  find(name: string): ContainerRecord;
  /** Finds a container like `find`; returns undefined if there is none. */
  lookup(name: string): ContainerRecord | undefined;
  /** Finds a container by its exact name without the slash. */
  named(name: string): ContainerRecord | undefined;
  withId(id: string): ContainerRecord | undefined;
  /** Names, by ID, of the rows that cannot be read. Their files and rows stay until they are deleted. */
  setAside: ReadonlyMap<string, string>;
  /**
   * Writes a new or changed record and registers its uses. Throws when the write fails. The first write of a short-lived
   * container is that of its start.
   */
  save(record: ContainerRecord): void;
  /**
   * Writes a record whose change has already happened, such as an exit. A write that fails is repeated in the background
   * until it succeeds. Does nothing for a deleted record.
   */
  saveEventually(record: ContainerRecord): void;
  /**
   * Writes the record of a short-lived container when it has existed for a moment; most are deleted before. The next daemon
   * ends a container without a record.
   */
  saveLater(record: ContainerRecord): void;
  /** Registers the uses of a changed record before its next `save`. Does nothing for a deleted record. */
  registerUses(record: ContainerRecord): void;
  rename(record: ContainerRecord, name: string): void;
  /** Deletes a record. A deletion that fails on the disk is repeated in the background until it succeeds. */
  delete(id: string): void;
  /** Deletes a record like `delete`, on the disk when the event loop is free. */
  deleteSoon(id: string): void;
  /** Writes what `saveLater` has not written yet. */
  flush(): void;
}

/** Milliseconds between two attempts of writes that have failed. */
const retryInterval = 1000;

/** Milliseconds until `saveLater` writes. */
const laterDelay = 50;

export interface ContainerRecordsOptions {
  database: Database;
  uses: ContainerUses;
  /** Called after each write that has to survive a loss of power, with the record if it is new. */
  written: (created?: ContainerRecord) => void;
  /** Called before the first write of each container. */
  settle?: (record: ContainerRecord) => void;
  warn: Warn;
}

/** Opens the table and registers the uses of every container in it. */
export function openContainerRecords({
  database,
  uses,
  written,
  settle,
  warn,
}: ContainerRecordsOptions): ContainerRecords {
  const index = openIndex();
  const { byId, byName } = index;
  const revisions = countRevisions();
  const registerUses = (record: ContainerRecord) => {
    revisions.changed(record);
    if (byId.has(record.id)) uses.register(record, usesOf(record));
  };
  const remember = (record: ContainerRecord) => {
    index.put(record);
    registerUses(record);
  };
  const table = openContainerTable(database, warn);
  const put = settlingPut(table, settle);
  const { setAside } = table;
  for (const record of table.readable.sort(byCreation)) remember(record);
  const forget = (id: string) => {
    setAside.delete(id);
    revisions.changed(index.remove(id));
    uses.withdraw(id);
  };
  const isStored = (record: ContainerRecord) =>
    table.has(record.id) || !isShortLived(record) || isRunning(record);
  const unwritten = openUnwritten((id) => {
    const record = byId.get(id);
    if (record ? !isStored(record) : !table.has(id)) return;
    if (record) put(record);
    else table.remove(id);
    // A container that is removed at its exit ends with a loss of power.
    if (!record?.hostConfig.AutoRemove) written();
  }, warn);
  const records: ContainerRecords = {
    ...openLookups(byId, byName),
    all: index.all,
    revision: revisions.latest,
    revisionOf: revisions.of,
    setAside,
    save(record) {
      if (isStored(record)) {
        put(record);
        if (!record.hostConfig.AutoRemove) written(byId.has(record.id) ? undefined : record);
      }
      remember(record);
    },
    saveEventually(record) {
      if (!byId.has(record.id)) return;
      remember(record);
      unwritten.write(record.id);
    },
    saveLater(record) {
      remember(record);
      unwritten.writeLater(record.id);
    },
    registerUses,
    rename(record, name) {
      byName.delete(record.name);
      record.name = name;
      records.save(record);
    },
    delete(id) {
      forget(id);
      unwritten.write(id);
    },
    deleteSoon(id) {
      forget(id);
      if (table.has(id)) setImmediate(() => unwritten.write(id));
    },
    flush: unwritten.flush,
  };
  return records;
}

/** Opens the records in memory, without any. */
function openIndex() {
  const byId = new Map<string, ContainerRecord>();
  const byName = new Map<string, ContainerRecord>();
  const order = openCreationOrder();
  return {
    byId,
    byName,
    all: order.all,
    put(record: ContainerRecord) {
      order.put(record, byId.get(record.id));
      byId.set(record.id, record);
      byName.set(record.name, record);
    },
    /** Removes a record, and returns it. */
    remove(id: string): ContainerRecord | undefined {
      const record = byId.get(id);
      if (!record) return undefined;
      byId.delete(id);
      byName.delete(record.name);
      order.remove(record);
      return record;
    },
  };
}

/** Returns a function that writes a record, and calls `settle` before the first write of a container. */
function settlingPut(
  table: ContainerTable,
  settle: ContainerRecordsOptions["settle"],
): (record: ContainerRecord) => void {
  return (record) => {
    if (!table.has(record.id)) settle?.(record);
    table.put(record);
  };
}

/** Counts the changes of records. */
function countRevisions() {
  let latest = 0;
  const revisions = new WeakMap<ContainerRecord, number>();
  return {
    changed(record: ContainerRecord | undefined) {
      latest++;
      if (record) revisions.set(record, latest);
    },
    latest: () => latest,
    of: (record: ContainerRecord) => revisions.get(record) ?? latest,
  };
}

type Lookups = Pick<ContainerRecords, "named" | "withId" | "lookup" | "find">;

function openLookups(
  byId: ReadonlyMap<string, ContainerRecord>,
  byName: ReadonlyMap<string, ContainerRecord>,
): Lookups {
  const lookup = (name: string) => {
    const plain = name.startsWith("/") ? name.slice(1) : name;
    return byId.get(plain) ?? byName.get(plain) ?? byPrefix(byId, plain);
  };
  return {
    named: (name) => byName.get(name),
    withId: (id) => byId.get(id),
    lookup,
    find(name) {
      const found = lookup(name);
      if (!found) throw new TboxError("not-found", `No such container: ${name}`);
      return found;
    },
  };
}

/** Writes rows by ID, and repeats the writes that fail. */
function openUnwritten(write: (id: string) => void, warn: Warn) {
  const failed = new Set<string>();
  const attempt = (id: string) => {
    write(id);
    failed.delete(id);
  };
  const retry = () => {
    try {
      for (const id of [...failed]) attempt(id);
    } catch {
      setTimeout(retry, retryInterval);
    }
  };
  const writeNow = (id: string) => {
    try {
      attempt(id);
    } catch (error) {
      if (!failed.has(id)) warn(`write the state of container ${id}: trying again`, error);
      if (failed.size === 0) setTimeout(retry, retryInterval);
      failed.add(id);
    }
  };
  const later = new Set<string>();
  const flush = () => {
    for (const id of later) writeNow(id);
    later.clear();
  };
  return {
    write: writeNow,
    writeLater(id: string) {
      if (later.size === 0) setTimeout(flush, laterDelay).unref();
      later.add(id);
    },
    flush,
  };
}

function byPrefix(byId: ReadonlyMap<string, ContainerRecord>, prefix: string): ContainerRecord | undefined {
  if (!/^[0-9a-f]+$/.test(prefix)) return undefined;
  const [only, ...others] = [...byId.values()].filter(({ id }) => id.startsWith(prefix));
  if (others.length > 0) {
    throw invalidArgument(`Multiple IDs found with provided prefix: ${prefix}`);
  }
  return only;
}

/** Throws Docker's conflict when another container has the name. */
export function requireFreeName(records: ContainerRecords, name: string): void {
  const owner = records.named(name);
  if (!owner) return;
  throw new TboxError(
    "conflict",
    `Conflict. The container name "/${name}" is already in use by container "${owner.id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
}
