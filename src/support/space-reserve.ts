import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statfsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Warn } from "./log.ts";

/**
 * Reserved space and file entries on the store's disk. They are released in parts when the disk is full, so that
 * removals and the start of the daemon work, also if a container uses all space that becomes free.
 */
export interface SpaceReserve extends Disposable {
  /** Releases a part of the reserve. Returns false when there was nothing to release. */
  release(): boolean;
}

/** The reserve's directories. Each has a file of `partBytes` and `emptyFiles` empty ones. */
const parts = 8;
const partBytes = 512 * 1024;
const emptyFiles = 3;

/** Free space that the disk must have before the reserve is filled, as a multiple of the reserve. */
const margin = 4;

/** Milliseconds between the start, or the release, and the attempts to fill the reserve. */
const startDelay = 100;
const refillDelay = 2000;

/** Opens the reserve of a store. It is filled in the background. */
export function openSpaceReserve(store: string, warn: Warn): SpaceReserve {
  const directory = `${store}/reserve`;
  let timer: Timer | undefined;
  const schedule = (delay: number) => {
    clearTimeout(timer);
    timer = setTimeout(attempt, delay).unref();
  };
  const attempt = async () => {
    try {
      if (list(directory).filter(isPart).length === parts) return;
      if (hasRoom(store)) await fill(directory);
      else schedule(refillDelay);
    } catch (error) {
      warn("reserve space for a full disk", error);
      schedule(refillDelay);
    }
  };
  schedule(startDelay);
  return {
    release() {
      const name = list(directory).at(-1);
      if (name === undefined) return false;
      rmSync(`${directory}/${name}`, { recursive: true, force: true });
      schedule(refillDelay);
      return true;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function isPart(name: string): boolean {
  return /^part-\d$/.test(name);
}

function hasRoom(store: string): boolean {
  const { bavail, bsize, ffree, files } = statfsSync(store);
  // A file system without a fixed number of entries reports none.
  const entries = files === 0 || ffree >= margin * parts * (emptyFiles + 2);
  return entries && bavail * bsize >= margin * parts * partBytes;
}

/** Creates the missing parts, and removes everything else. */
async function fill(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of list(directory)) {
    if (!isPart(name)) await rm(`${directory}/${name}`, { recursive: true, force: true });
  }
  for (let number = 1; number <= parts; number++) {
    if (!list(directory).includes(`part-${number}`)) await createPart(directory, `part-${number}`);
  }
}

async function createPart(directory: string, name: string): Promise<void> {
  const unfinished = `${directory}/unfinished`;
  await mkdir(unfinished, { mode: 0o700 });
  // A file system that compresses stores random bytes in full.
  await writeFile(`${unfinished}/space`, await promisify(randomBytes)(partBytes), { mode: 0o600 });
  for (let number = 1; number <= emptyFiles; number++) await writeFile(`${unfinished}/entry-${number}`, "");
  await rename(unfinished, `${directory}/${name}`);
}
