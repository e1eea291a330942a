import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { UsageQueries } from "#support/usage-register.ts";
import { filterVolumes } from "./filter.ts";
import { parseVolumeOptions } from "./volume-options.ts";
import { anonymousLabel, type Volume, type Volumes } from "./volumes.ts";

export interface VolumesOptions {
  database: Database;
  store: string;
  uses: UsageQueries<"volume">;
  /** Deletes a directory of the store, whoever owns what is in it. */
  discard: (path: string) => void;
  /** Allocated bytes below each path of the store. */
  measure: (paths: string[]) => Promise<number[]>;
  notify: (action: string, name: string, attributes?: Record<string, string>) => void;
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Opens the volumes of a store. */
export function openVolumes(options: VolumesOptions): Volumes {
  const { database, store, uses, discard, measure, notify } = options;
  mkdirSync(`${store}/volumes`, { recursive: true, mode: 0o700 });
  database.run("CREATE TABLE IF NOT EXISTS volumes (name TEXT PRIMARY KEY, volume TEXT NOT NULL) STRICT");
  const put = database.query("INSERT INTO volumes (name, volume) VALUES ($name, $volume)");
  const drop = database.query("DELETE FROM volumes WHERE name = $name");
  const all = new Map<string, Volume>();
  for (const { volume } of database.query<{ volume: string }, []>("SELECT volume FROM volumes").all()) {
    const found: Volume = JSON.parse(volume);
    all.set(found.name, found);
  }

  function remove(name: string): void {
    drop.run({ name });
    all.delete(name);
    discard(`${store}/volumes/${name}`);
    notify("destroy", name);
  }

  const volumes: Volumes = {
    create({ name: given, labels: own = {}, options: asked = {} }) {
      const name = given ?? randomBytes(32).toString("hex");
      const labels = given === undefined ? { ...own, [anonymousLabel]: "" } : own;
      const existing = all.get(name);
      if (existing) {
        if (Object.keys(asked).length === 0 || Bun.deepEquals(asked, existing.options)) return existing;
        throw new TboxError("conflict", `create ${name}: a volume of this name has other options`);
      }
      if (!namePattern.test(name) || name.length > 255) throw refuseName(name);
      parseVolumeOptions(asked);
      const volume = { name, created: new Date().toISOString(), labels, options: asked };
      const directory = `${store}/volumes/${name}`;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      try {
        // Every user of a container must get through it.
        mkdirSync(`${directory}/_data`, { recursive: true, mode: 0o755 });
        put.run({ name, volume: JSON.stringify(volume) });
      } catch (error) {
        rmSync(directory, { recursive: true, force: true });
        throw error;
      }
      all.set(name, volume);
      notify("create", name);
      return volume;
    },
    get(name) {
      const found = all.get(name);
      if (found) return found;
      throw new TboxError("not-found", `get ${name}: no such volume`);
    },
    list: ({ filters }) => filterVolumes([...all.values()], filters, (name) => uses.isUsed("volume", name)),
    remove(name, { force }) {
      if (force && !all.has(name)) return;
      volumes.get(name);
      const users = uses.users("volume", name).map(({ id }) => id);
      if (users.length > 0) {
        throw new TboxError("conflict", `remove ${name}: volume is in use - [${users.join(", ")}]`);
      }
      remove(name);
    },
    async prune(filters) {
      const { all: everything = [], ...rest } = Object.fromEntries(filters);
      const found = filterVolumes([...all.values()], new Map(Object.entries(rest)), () => false);
      const takesAll = everything.some((value) => value === "true" || value === "1");
      const unused = found.filter(
        ({ name, labels }) =>
          !uses.isUsed("volume", name) && (takesAll || Object.hasOwn(labels, anonymousLabel)),
      );
      const sizes = await measure(unused.map(({ name }) => `volumes/${name}`));
      // Somebody may have begun to use one while they were measured.
      const gone = unused.filter(({ name }) => all.has(name) && !uses.isUsed("volume", name));
      for (const { name } of gone) remove(name);
      const space = gone.reduce((sum, volume) => sum + (sizes[unused.indexOf(volume)] ?? 0), 0);
      return { names: gone.map(({ name }) => name), space };
    },
    announce: notify,
    mountpoint: (name) => `${store}/volumes/${name}/_data`,
    async sizes() {
      const names = [...all.keys()];
      const sizes = await measure(names.map((name) => `volumes/${name}`));
      return new Map(names.map((name, index) => [name, sizes[index] ?? 0]));
    },
  };
  return volumes;
}

function refuseName(name: string): TboxError {
  const rule = `only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`;
  const hint = "If you intended to pass a host directory, use absolute path";
  return invalidArgument(
    `create ${name}: "${name}" includes invalid characters for a local volume name, ${rule}. ${hint}`,
  );
}
