import type { Database } from "bun:sqlite";
import type { Warn } from "#support/log.ts";
import type { Volume } from "./volumes.ts";

/** Table of the volumes, with a copy in memory. */
export interface VolumeRecords {
  all(): Volume[];
  /** Returns a number that changes whenever a volume is added or deleted. */
  revision(): number;
  find(name: string): Volume | undefined;
  /** Inserts all records or none. */
  insert(volumes: Volume[]): void;
  /** Deletes records, and keeps the names among those whose directories remain to be removed. */
  delete(names: string[]): void;
  /** Names of deleted volumes whose directories may still be there. */
  removed(): string[];
  /** Forgets names whose directories are gone, even after a loss of power. */
  forgetRemoved(names: string[]): void;
}

/** Opens the table. A volume whose record cannot be read keeps its files, without labels and options. */
export function openVolumeRecords(database: Database, warn: Warn): VolumeRecords {
  const insert = database.query("INSERT INTO volumes (name, volume) VALUES ($name, $volume)");
  const remove = database.query("DELETE FROM volumes WHERE name = $name");
  const markRemoved = database.query("INSERT OR IGNORE INTO removed_volumes (name) VALUES ($name)");
  const unmark = database.query("DELETE FROM removed_volumes WHERE name = $name");
  const marked = database.query<{ name: string }, []>("SELECT name FROM removed_volumes");
  const volumes = new Map<string, Volume>();
  let revision = 0;
  const rows = database.query<{ name: string; volume: string }, []>("SELECT name, volume FROM volumes").all();
  for (const row of rows) volumes.set(row.name, readVolume(row, warn));
  return {
    all: () => [...volumes.values()],
    revision: () => revision,
    find: (name) => volumes.get(name),
    insert(added) {
      database.transaction(() => {
        for (const volume of added) {
          const { name } = volume;
          unmark.run({ name });
          insert.run({ name, volume: JSON.stringify(volume) });
        }
      })();
      for (const volume of added) volumes.set(volume.name, volume);
      revision++;
    },
    delete(names) {
      database.transaction(() => {
        for (const name of names) {
          markRemoved.run({ name });
          remove.run({ name });
        }
      })();
      for (const name of names) volumes.delete(name);
      revision++;
    },
    removed: () => marked.all().map(({ name }) => name),
    forgetRemoved: database.transaction((names: string[]) => {
      for (const name of names) unmark.run({ name });
    }),
  };
}

function readVolume({ name, volume: text }: { name: string; volume: string }, warn: Warn): Volume {
  try {
    const volume: Volume | null = JSON.parse(text);
    if (volume?.name === name && volume.labels && volume.options) return volume;
    throw new Error("the record is incomplete");
  } catch (error) {
    warn(
      `volume ${name} has lost its labels and options, because its record in tbox.db cannot be read`,
      error,
    );
    return { name, created: new Date(0).toISOString(), labels: {}, options: {} };
  }
}
