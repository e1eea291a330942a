import { open, rename } from "node:fs/promises";

/** Replaces a small file atomically and durably: writes and syncs a temporary file, then renames it. */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  const temporary = `${folder}/.${name}.new`;
  {
    await using file = await open(temporary, "w", 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(temporary, `${folder}/${name}`);
  await syncDirectory(folder);
}

/** Makes the renames in a folder survive the loss of power. */
export async function syncDirectory(folder: string): Promise<void> {
  await using directory = await open(folder, "r");
  await directory.sync();
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
