/** One entry of an archive. Nothing is checked, because tests also write hostile archives. */
export interface TarEntry {
  path: string;
  /** Default: a file. */
  type?: keyof typeof typeFlags;
  content?: string | Uint8Array;
  /** Target of a link. */
  target?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  /** Modification time in seconds since the epoch. */
  mtime?: number;
  /** Device numbers. */
  major?: number;
  minor?: number;
  /** Extended headers in front of the entry; `path` and `linkpath` are added when they are too long. */
  pax?: Record<string, string>;
}

const typeFlags = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/** Returns a POSIX tar archive. */
export function tar(entries: TarEntry[]): Uint8Array {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(1024)]);
}

function blocksOf(entry: TarEntry): Uint8Array[] {
  const content = Buffer.from(entry.content ?? "");
  const long: Record<string, string> = {};
  if (Buffer.byteLength(entry.path) > 100) long.path = entry.path;
  if (Buffer.byteLength(entry.target ?? "") > 100) long.linkpath = entry.target ?? "";
  const records = Object.entries({ ...long, ...entry.pax }).map(([key, value]) => paxRecord(key, value));
  const extended = Buffer.from(records.join(""));
  const flag = typeFlags[entry.type ?? "file"];
  return [
    ...(extended.length > 0
      ? [header({ path: "PaxHeaders/entry" }, "x", extended.length), padded(extended)]
      : []),
    header(entry, flag, content.length),
    padded(content),
  ];
}

/** Returns a pax record; its length field includes itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  let length = size + 1;
  while (size + String(length).length !== length) length = size + String(length).length;
  return `${length}${rest}`;
}

/** Returns the names in an archive; names of directories end with a slash. */
export async function tarNames(archive: Uint8Array): Promise<string[]> {
  const child = Bun.spawn(["tar", "-tPf", "-"], { stdin: archive, stdout: "pipe", stderr: "ignore" });
  return (await child.stdout.text()).trim().split("\n");
}

function header(entry: TarEntry, flag: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, offset: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, offset);
  block.write(entry.path, 0, 100);
  octal(entry.mode ?? (entry.type === "directory" ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(entry.mtime ?? 0, 136, 12);
  block.write(flag, 156);
  block.write(entry.target ?? "", 157, 100);
  block.write("ustar\0" + "00", 257);
  octal(entry.major ?? 0, 329, 8);
  octal(entry.minor ?? 0, 337, 8);
  // The checksum is computed with spaces in its own field.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function padded(content: Buffer): Buffer {
  const rest = content.length % 512;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(512 - rest)]);
}
