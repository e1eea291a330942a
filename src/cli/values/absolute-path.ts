/** Makes a path absolute without resolving `..`: after a symbolic link, only the kernel knows the parent. */
export function absolutePath(path: string, directory: string): string {
  if (path.startsWith("/")) return path;
  return path === "." ? directory : `${directory}/${path.replace(/^(\.\/)+/, "")}`;
}
