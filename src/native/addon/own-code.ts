import { addon } from "./addon.ts";

/** Releases the memory of the program's code. The kernel loads the code again when it is executed. */
export function releaseCode(): void {
  addon().releaseCode();
}
