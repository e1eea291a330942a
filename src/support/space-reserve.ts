import { randomBytes } from "node:crypto";
import { existsSync, rmSync, statfsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Warn } from "./log.ts";

/**
 * Reserved space and file entries on the store's disk. They are released when the disk is full, so that removals and the
 * start of the daemon work.
 */
export interface SpaceReserve extends Disposable {
  /** Releases the reserve. Returns false when there was nothing to release. */
  release(): boolean;
}

const reservedBytes = 4 * 1024 ** 2;
const reservedEntries = 32;

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
      if (existsSync(`${directory}/complete`)) return;
      if (hasRoom(store)) await fill(directory);
      else schedule(refillDelay);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      warn("reserve space for a full disk", error);
      schedule(refillDelay);
    }
  };
  schedule(startDelay);
  return {
    release() {
      if (!existsSync(directory)) return false;
      rmSync(directory, { recursive: true, force: true });
      schedule(refillDelay);
      return true;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function hasRoom(store: string): boolean {
  const { bavail, bsize, ffree, files } = statfsSync(store);
  // A file system without a fixed number of entries reports none.
  const entries = files === 0 || ffree >= margin * reservedEntries;
  return entries && bavail * bsize >= margin * reservedBytes;
}

async function fill(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { mode: 0o700 });
  // A file system that compresses stores random bytes in full.
  const space = await promisify(randomBytes)(reservedBytes);
  await writeFile(`${directory}/space`, space, { mode: 0o600 });
  for (let number = 1; number < reservedEntries; number++)
    await writeFile(`${directory}/entry-${number}`, "");
  await writeFile(`${directory}/complete`, "");
}
