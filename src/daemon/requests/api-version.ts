import { invalidArgument } from "#support/errors.ts";

/** Minor versions of Docker's API 1.x that the daemon speaks. */
const oldest = 24;
const newest = 51;

export const newestVersion = `1.${newest}`;
export const oldestVersion = `1.${oldest}`;

/** Removes the version from a path; gives the minor version, the newest when there is none. */
export function stripVersion(path: string): { path: string; version: number } {
  const match = /^\/v(\d{1,4})\.(\d{1,4})(?=\/)/.exec(path);
  if (match === null) return { path, version: newest };
  const [prefix, major, minor] = [match[0], Number(match[1]), Number(match[2])];
  const asked = `client version ${major}.${minor}`;
  if (major < 1 || (major === 1 && minor < oldest)) {
    const remedy = "please upgrade your client to a newer version";
    throw invalidArgument(
      `${asked} is too old. Minimum supported API version is ${oldestVersion}, ${remedy}`,
    );
  }
  if (major > 1 || minor > newest) {
    throw invalidArgument(`${asked} is too new. Maximum supported API version is ${newestVersion}`);
  }
  return { path: path.slice(prefix.length), version: minor };
}
