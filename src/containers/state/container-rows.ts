import type { Database } from "bun:sqlite";
import { isRecord } from "#support/json.ts";
import type { Warn } from "#support/log.ts";
import type { ContainerRecord } from "./container-record.ts";
import { usesOf } from "./container-uses.ts";

interface ContainerRow {
  id: string;
  name: string;
  record: string;
}

/** Separates the name and the ID in a row that is set aside. No name of a container contains it. */
const separator = "#";

/** The rows of the containers. */
export interface ContainerTable {
  /** Containers at the time of the opening. */
  readable: ContainerRecord[];
  /** Names, by ID, of the rows that cannot be read. */
  setAside: Map<string, string>;
  has(id: string): boolean;
  /** Writes a row. Throws when the write fails. */
  put(record: ContainerRecord): void;
  /** Deletes a row. Throws when the write fails. */
  remove(id: string): void;
}

/** Opens the table of containers. */
export function openContainerTable(database: Database, warn: Warn): ContainerTable {
  const write = database.query(
    "INSERT OR REPLACE INTO containers (id, name, record) VALUES ($id, $name, $record)",
  );
  const remove = database.query("DELETE FROM containers WHERE id = $id");
  const { readable, setAside } = readContainerRows(database, warn);
  const present = new Set([...readable.map(({ id }) => id), ...setAside.keys()]);
  return {
    readable,
    setAside,
    has: (id) => present.has(id),
    put(record) {
      write.run({ id: record.id, name: record.name, record: JSON.stringify(record) });
      present.add(record.id);
    },
    remove(id) {
      remove.run({ id });
      present.delete(id);
    },
  };
}

/**
 * Reads the table of containers. Reports and sets aside a row that cannot be read, because one damaged row must not take
 * all other containers from the user. Returns the names of the rows that are set aside by ID.
 */
export function readContainerRows(
  database: Database,
  warn: Warn,
): { readable: ContainerRecord[]; setAside: Map<string, string> } {
  const readable: ContainerRecord[] = [];
  const setAside = new Map<string, string>();
  for (const row of database.query<ContainerRow, []>("SELECT id, name, record FROM containers").all()) {
    try {
      readable.push(parseRow(row));
    } catch (error) {
      const [name = row.name] = row.name.split(separator);
      setAside.set(row.id, name);
      const message = `container ${name} (${row.id}) is set aside, because its record in tbox.db cannot be read`;
      warn(`${message}: its files stay in containers/${row.id} until "tbox rm ${name}"`, error);
      freeName(database, row);
    }
  }
  return { readable, setAside };
}

function parseRow({ id, record: text }: ContainerRow): ContainerRecord {
  const record: ContainerRecord | null = JSON.parse(text);
  const isComplete =
    record?.id === id &&
    typeof record.name === "string" &&
    [record.config, record.hostConfig, record.state].every(isRecord);
  if (!isComplete) throw new Error("the record is incomplete");
  usesOf(record);
  return record;
}

/** Renames the row, so that another container can take the name without replacing the row. */
function freeName(database: Database, { id, name }: ContainerRow): void {
  if (name.includes(separator)) return;
  database
    .query("UPDATE containers SET name = $name WHERE id = $id")
    .run({ id, name: `${name}${separator}${id}` });
}
