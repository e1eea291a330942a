/** Tests whether a file starts like a tar or a compressed file; `head` is at least its first 512 bytes. */
export function isArchive(head: Buffer): boolean {
  // gzip, zstd, xz, bzip2
  const compressed = ["1f8b", "28b52ffd", "fd377a58", "425a68"];
  if (compressed.some((magic) => head.subarray(0, magic.length / 2).toString("hex") === magic)) return true;
  if (head.length < 512) return false;
  const stored = Number.parseInt(head.subarray(148, 156).toString().replaceAll("\0", " ").trim(), 8);
  const sum = head.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
  return sum === stored;
}
