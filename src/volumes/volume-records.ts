import type { Database } from "bun:sqlite";
import type { Warn } from "#support/log.ts";
import type { Volume } from "./volumes.ts";

/** Table of the volumes, with a copy in memory. */
export interface VolumeRecords {
  all(): Volume[];
  find(name: string): Volume | undefined;
  insert(volume: Volume): void;
  delete(name: string): void;
}

/** Opens the table. A volume whose record cannot be read keeps its files, without labels and options. */
export function openVolumeRecords(database: Database, warn: Warn): VolumeRecords {
  const insert = database.query("INSERT INTO volumes (name, volume) VALUES ($name, $volume)");
  const remove = database.query("DELETE FROM volumes WHERE name = $name");
  const volumes = new Map<string, Volume>();
  const rows = database.query<{ name: string; volume: string }, []>("SELECT name, volume FROM volumes").all();
  for (const row of rows) volumes.set(row.name, readVolume(row, warn));
  return {
    all: () => [...volumes.values()],
    find: (name) => volumes.get(name),
    insert(volume) {
      insert.run({ name: volume.name, volume: JSON.stringify(volume) });
      volumes.set(volume.name, volume);
    },
    delete(name) {
      remove.run({ name });
      volumes.delete(name);
    },
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
