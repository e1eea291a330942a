import type { Database } from "bun:sqlite";
import type { Volume } from "./volumes.ts";

/** Table of the volumes, with a copy in memory. */
export interface VolumeRecords {
  all(): Volume[];
  find(name: string): Volume | undefined;
  insert(volume: Volume): void;
  delete(name: string): void;
}

export function openVolumeRecords(database: Database): VolumeRecords {
  const insert = database.query("INSERT INTO volumes (name, volume) VALUES ($name, $volume)");
  const remove = database.query("DELETE FROM volumes WHERE name = $name");
  const volumes = new Map<string, Volume>();
  for (const row of database.query<{ volume: string }, []>("SELECT volume FROM volumes").all()) {
    const volume: Volume = JSON.parse(row.volume);
    volumes.set(volume.name, volume);
  }
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
