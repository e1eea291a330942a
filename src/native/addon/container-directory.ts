import { addon } from "./addon.ts";

/** Creates the directory of a container with its files and the directories of its overlay. Throws the kernel's error. */
export function createContainerDirectory(path: string, files: Record<string, string>): void {
  addon().createContainerDirectory(path, Object.entries(files).flat());
}
