import { bigInteger, bytes, bytesMap, type Decoded, integer, manyBytes, message } from "./schema.ts";

/** Status of a file. `mode` has Go's bits; `path` and `link` are bytes, because names need not be UTF-8. */
export const stat = message({
  path: bytes(1),
  mode: integer(2),
  uid: integer(3),
  gid: integer(4),
  size: integer(5),
  /** Nanoseconds since the epoch. */
  modified: bigInteger(6),
  link: bytes(7),
  deviceMajor: integer(8),
  deviceMinor: integer(9),
  attributes: bytesMap(10),
});
export type FileStat = Decoded<typeof stat>;

/** Types of packets in a transfer of files. */
export const packetType = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const;

/** A packet of a transfer; `stats` is an encoded status, or empty. */
export const packet = message({ type: integer(1), stats: manyBytes(2), id: integer(3), data: bytes(4) });

/** Bits of Go's file mode. */
export const goMode = {
  directory: 0x80000000,
  link: 0x08000000,
  device: 0x04000000,
  pipe: 0x02000000,
  socket: 0x01000000,
  setuid: 0x00800000,
  setgid: 0x00400000,
  character: 0x00200000,
  sticky: 0x00100000,
} as const;

const special = [
  [goMode.setuid, 0o4000],
  [goMode.setgid, 0o2000],
  [goMode.sticky, 0o1000],
] as const;

/** Returns the permission bits of Unix for a mode of Go. */
export function permissionsOf(mode: number): number {
  return special.reduce((bits, [go, unix]) => (has(mode, go) ? bits | unix : bits), mode & 0o777);
}

/** Returns the mode of Go for a kind of file and permission bits of Unix. */
export function goModeOf(kind: number, permissions: number): number {
  return special.reduce(
    (mode, [go, unix]) => ((permissions & unix) === 0 ? mode : mode + go),
    kind + (permissions & 0o777),
  );
}

/** Tests a bit of a mode. The highest bit makes 32-bit operations negative. */
export function has(mode: number, bit: number): boolean {
  return (mode & bit) !== 0;
}
