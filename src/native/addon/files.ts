/** Name of a built file. */
export type BuiltFile = "tbox" | "tbox-helper" | "tbox.node" | "hello";

/** Returns the path of a built file: beside the compiled program, or in `dist/` of the source tree. */
export function builtFile(name: BuiltFile): string {
  const compiled = Bun.main.startsWith("/$bunfs/");
  const directory = compiled
    ? parent(process.execPath)
    : `${parent(parent(parent(import.meta.dirname)))}/dist`;
  return `${directory}/${name}`;
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
