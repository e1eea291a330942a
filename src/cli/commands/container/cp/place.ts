/** One side of `tbox cp`. */
export type CopyPlace = { container: string; path: string } | { path: string };

/**
 * `container:path`, or a path of this machine: an absolute one, or one that begins with a dot. `-` is standard
 * input or output.
 */
export function parseCopyPlace(text: string): CopyPlace {
  if (text.startsWith("/") || text === "-") return { path: text };
  const colon = text.indexOf(":");
  if (colon === -1 || text.startsWith(".")) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Whether a path asks for a directory: it ends with a slash, or with `/.`. */
export function asksForDirectory(path: string): boolean {
  return path.endsWith("/") || path.endsWith("/.") || path === ".";
}

/** Whether only what is in a directory is meant, and not the directory. */
export function meansContents(path: string): boolean {
  return path.endsWith("/.") || path === ".";
}
