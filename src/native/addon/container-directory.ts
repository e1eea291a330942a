import { addon } from "./addon.ts";

/**
 * Renames the directory of a removed container, and writes its files. Throws the kernel's error; the directory may have either
 * name then.
 */
export function renewContainerDirectory(from: string, to: string, files: Record<string, string>): void {
  addon().renewContainerDirectory(from, to, Object.entries(files).flat());
}

/** Creates the directory of a container with its files and the directories of its overlay. Throws the kernel's error. */
export function createContainerDirectory(path: string, files: Record<string, string>): void {
  addon().createContainerDirectory(path, Object.entries(files).flat());
}
