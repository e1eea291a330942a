import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** Flags of an entry in a log of the device mapper target `log-writes`. */
const flag = { flush: 1, fua: 2, discard: 4, mark: 8 };
const sectorSize = 512;
const magic = 0x6a736677736872n;
/** Bytes that a disk writes atomically here: a cut may keep any subset of the blocks of one write. */
const blockSize = 4096;

interface Entry {
  flags: number;
  /** First sector on the disk, and number of sectors. */
  sector: number;
  sectors: number;
  /** Offset of the data in the log, in bytes. */
  data: number;
  mark: string;
}

/**
 * Applies a log of writes to the disk that it began with, as a power cut leaves it: writes before the last flush are there,
 * and of later ones a random subset. Returns the marks that precede the cut.
 */
export function replay(log: string, disk: string, random: () => number): string[] {
  const source = openSync(log, "r");
  const target = openSync(disk, "r+");
  try {
    const entries = readEntries(source);
    const { durable, cut } = chooseCut(entries, random);
    const kept = random();
    for (const [index, entry] of entries.slice(0, cut).entries()) {
      if (entry.flags & flag.mark) continue;
      // A discarded range may keep its content.
      if (entry.flags & flag.discard) continue;
      const whole = index < durable || (entry.flags & flag.fua) !== 0;
      copyBlocks(source, target, entry, () => whole || random() < kept);
    }
    return entries.slice(0, cut).flatMap(({ flags, mark }) => (flags & flag.mark ? [mark] : []));
  } finally {
    closeSync(source);
    closeSync(target);
  }
}

/**
 * Chooses the flush that the cut interrupts, among the last ones. The log has the writes that a flush makes durable in front
 * of it, and the log's last entries may be incomplete.
 */
function chooseCut(entries: Entry[], random: () => number): { durable: number; cut: number } {
  const flushes = entries.flatMap(({ flags }, index) => (flags & flag.flush ? [index] : []));
  const complete = flushes.slice(1, -1);
  const chosen = Math.max(0, complete.length - 1 - Math.floor(random() * 8));
  const cut = complete[chosen] ?? 0;
  return { cut, durable: flushes[flushes.indexOf(cut) - 1] ?? 0 };
}

function readEntries(log: number): Entry[] {
  const header = readAt(log, 0, sectorSize);
  if (header.readBigUInt64LE(0) !== magic) throw new Error("the disk has no log of its writes");
  const count = Number(header.readBigUInt64LE(16));
  const entries: Entry[] = [];
  let position = sectorSize;
  while (entries.length < count) {
    const head = readAt(log, position, sectorSize);
    const [sector = 0, sectors = 0, flags = 0, length = 0] = [0, 8, 16, 24].map((offset) =>
      Number(head.readBigUInt64LE(offset)),
    );
    const mark = flags & flag.mark ? head.subarray(32, 32 + length).toString() : "";
    entries.push({ flags, sector, sectors, data: position + sectorSize, mark: mark.replace(/\0.*$/, "") });
    position += sectorSize * (flags & flag.discard ? 1 : 1 + sectors);
  }
  return entries;
}

function copyBlocks(
  source: number,
  target: number,
  { sector, sectors, data }: Entry,
  keep: () => boolean,
): void {
  const length = sectors * sectorSize;
  for (let offset = 0; offset < length; offset += blockSize) {
    if (!keep()) continue;
    const block = readAt(source, data + offset, Math.min(blockSize, length - offset));
    writeSync(target, block, 0, block.length, sector * sectorSize + offset);
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  const read = readSync(file, buffer, 0, length, position);
  if (read !== length) throw new Error(`the log ends at byte ${position + read}`);
  return buffer;
}
