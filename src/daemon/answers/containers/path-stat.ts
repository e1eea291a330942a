import { posix } from "node:path";
import type { PathStat } from "#api/answers/containers.ts";
import type { FileInContainer } from "#containers/files/archive.ts";
import { containerPath } from "#containers/files/container-path.ts";

/** File types of stat(2) and their bits in Go's `FileMode`, which has its own encoding. */
const fileTypes = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
]);
/** Set-user-ID, set-group-ID and sticky bit, and their bits in Go's `FileMode`. */
const specialBits: [number, number][] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

/** Returns the header `X-Docker-Container-Path-Stat`. */
export function shapePathStat(
  path: string,
  { mode, size, modified, nanoseconds, target }: FileInContainer,
): string {
  const goMode =
    (fileTypes.get(mode & 0o170000) ?? 0) +
    specialBits.reduce((sum, [bit, value]) => sum + (mode & bit ? value : 0), 0) +
    (mode & 0o777);
  const seconds = new Date(modified * 1000).toISOString().slice(0, 19);
  const stat: PathStat = {
    name: posix.basename(containerPath(path)) || "/",
    size,
    mode: goMode,
    mtime: `${seconds}${fractionOf(nanoseconds)}Z`,
    linkTarget: target === "" ? "" : posix.resolve(posix.dirname(containerPath(path) || "/"), target),
  };
  return Buffer.from(JSON.stringify(stat)).toString("base64");
}

/** Returns the fraction of a second without the zeros at its end, as Go prints it. */
function fractionOf(nanoseconds: number): string {
  return nanoseconds === 0 ? "" : `.${String(nanoseconds).padStart(9, "0").replace(/0+$/, "")}`;
}
