/** Returns the file name, without extension, of a command's pages: `network-create`. */
export function pageName(name: string): string {
  return name.replaceAll(" ", "-");
}
