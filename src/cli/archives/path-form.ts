/** Returns whether a path can only be a directory: it ends with a slash or with `/.`. */
export function namesDirectory(path: string): boolean {
  return path.endsWith("/") || path.endsWith("/.") || path === ".";
}

/** Returns whether a path means the contents of a directory, not the directory itself. */
export function namesContents(path: string): boolean {
  return path.endsWith("/.") || path === ".";
}
