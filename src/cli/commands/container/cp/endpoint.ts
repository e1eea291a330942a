/** The source or the target of `tbox cp`. */
export type CopyEndpoint = { container: string; path: string } | { path: string };

/**
 * Parses `container:path` or a path on the host. A path with a colon has to be absolute or start with a dot. `-` is
 * standard input or output.
 */
export function parseCopyEndpoint(text: string): CopyEndpoint {
  if (text.startsWith("/") || text === "-") return { path: text };
  const colon = text.indexOf(":");
  if (colon === -1 || text.startsWith(".")) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}
