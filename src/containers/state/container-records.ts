import type { Database } from "bun:sqlite";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { ContainerRecord } from "./container-record.ts";
import { type ContainerUses, usesOf } from "./container-uses.ts";

/** Table of the containers, with a copy in memory. Lookups never read the disk. */
export interface ContainerRecords {
  all(): ContainerRecord[];
  /** Finds a container by name, ID or unique ID prefix. Throws not-found with Docker's text. */
  find(name: string): ContainerRecord;
  /** Finds a container by its exact name without the slash. */
  named(name: string): ContainerRecord | undefined;
  withId(id: string): ContainerRecord | undefined;
  /** Writes a new or changed record and registers its uses. */
  save(record: ContainerRecord): void;
  /** Registers the uses of a changed record before its next `save`. Does nothing for a deleted record. */
  registerUses(record: ContainerRecord): void;
  rename(record: ContainerRecord, name: string): void;
  delete(id: string): void;
}

/** Opens the table and registers the uses of every container in it. */
export function openContainerRecords(database: Database, uses: ContainerUses): ContainerRecords {
  const write = database.query(
    "INSERT OR REPLACE INTO containers (id, name, record) VALUES ($id, $name, $record)",
  );
  const remove = database.query("DELETE FROM containers WHERE id = $id");
  const byId = new Map<string, ContainerRecord>();
  const registerUses = (record: ContainerRecord) => {
    if (byId.has(record.id)) uses.register(record, usesOf(record));
  };
  const byName = new Map<string, ContainerRecord>();
  for (const row of database.query<{ record: string }, []>("SELECT record FROM containers").all()) {
    const record: ContainerRecord = JSON.parse(row.record);
    byId.set(record.id, record);
    byName.set(record.name, record);
    registerUses(record);
  }
  const records: ContainerRecords = {
    all: () => [...byId.values()],
    named: (name) => byName.get(name),
    withId: (id) => byId.get(id),
    find(name) {
      const plain = name.startsWith("/") ? name.slice(1) : name;
      const found = byId.get(plain) ?? byName.get(plain) ?? byPrefix(byId, plain);
      if (!found) throw new TboxError("not-found", `No such container: ${name}`);
      return found;
    },
    save(record) {
      write.run({ id: record.id, name: record.name, record: JSON.stringify(record) });
      byId.set(record.id, record);
      byName.set(record.name, record);
      registerUses(record);
    },
    registerUses,
    rename(record, name) {
      byName.delete(record.name);
      record.name = name;
      records.save(record);
    },
    delete(id) {
      remove.run({ id });
      const record = byId.get(id);
      byId.delete(id);
      if (record) byName.delete(record.name);
      uses.withdraw(id);
    },
  };
  return records;
}

function byPrefix(byId: Map<string, ContainerRecord>, prefix: string): ContainerRecord | undefined {
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
