import { addon } from "./addon.ts";

/** Releases the memory of the program's code and scripts. The kernel loads them again when they are used. */
export function releaseCode(): void {
  addon().releaseCode();
}
