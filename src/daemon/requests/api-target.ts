import type { IncomingMessage } from "node:http";
import { newestMinor, newestVersion, oldestMinor, oldestVersion } from "#api/versions.ts";
import { invalidArgument } from "#support/errors.ts";
import { requestTarget, type Target } from "../http/target.ts";

/** Header in which routes find the minor version of the API; clients cannot set it. */
export const versionHeader = "api-version";

/** Returns the minor version of the API that a request names. */
export function apiVersion(headers: Headers): number {
  return Number(headers.get(versionHeader) ?? newestMinor);
}

/** The target of a request to Docker's API; `path` has no version prefix. */
export interface ApiTarget extends Target {
  /** Minor version of the API; the newest one for a path without a version. */
  version: number;
}

/** Returns the target of a request; throws invalid-argument for an unsupported API version. */
export function parseApiTarget(request: IncomingMessage): ApiTarget {
  const { path, search } = requestTarget(request);
  return { ...stripVersion(path), search };
}

/** Reports whether a request names an API version before the oldest supported one. */
export function hasOldVersion({ url = "" }: IncomingMessage): boolean {
  const [, major, minor] = versionPrefix.exec(url) ?? [];
  return major !== undefined && isOld(Number(major), Number(minor));
}

/** Requests that a client of the version 1.22 may send: Docker has not changed them since. */
const unchanged = /^\/images\/(?:get|load|.+\/get)$/;

/** The version of skopeo before 1.14, which Debian 12 and Ubuntu 22.04 have. */
const archiveMinor = 22;

const versionPrefix = /^\/v(\d{1,4})\.(\d{1,4})(?=\/)/;

function isOld(major: number, minor: number): boolean {
  return major < 1 || (major === 1 && minor < oldestMinor);
}

function stripVersion(path: string): { path: string; version: number } {
  const match = versionPrefix.exec(path);
  if (match === null) return { path, version: newestMinor };
  const [prefix, major, minor] = [match[0], Number(match[1]), Number(match[2])];
  const rest = path.slice(prefix.length);
  if (major === 1 && minor === archiveMinor && unchanged.test(rest)) {
    return { path: rest, version: oldestMinor };
  }
  const client = `client version ${major}.${minor}`;
  if (isOld(major, minor)) {
    const remedy = "please upgrade your client to a newer version";
    throw invalidArgument(
      `${client} is too old. Minimum supported API version is ${oldestVersion}, ${remedy}`,
    );
  }
  if (major > 1 || minor > newestMinor) {
    throw invalidArgument(`${client} is too new. Maximum supported API version is ${newestVersion}`);
  }
  return { path: rest, version: minor };
}
