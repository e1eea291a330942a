import { addon } from "./addon.ts";

/** Takes the program's code out of this process's memory until it is executed again. */
export function releaseCode(): void {
  addon().releaseCode();
}
