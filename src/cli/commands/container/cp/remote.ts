import { posix } from "node:path";
import { pathTo, request } from "#client/api.ts";
import { asObject, numberAt, textAt } from "#client/json.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";

/** What lies at a path of a container. */
export interface RemoteFile {
  /** Links followed. */
  path: string;
  isDirectory: boolean;
}

/** Go's bits for a directory and a link. */
const directory = 2 ** 31;
const link = 2 ** 27;

const mostLinks = 40;

/** Nothing when nothing lies there. */
export async function findRemote(container: string, path: string): Promise<RemoteFile | undefined> {
  let current = path;
  for (let hop = 0; hop < mostLinks; hop++) {
    const stat = await statRemote(container, current);
    if (stat === undefined) return undefined;
    const mode = numberAt(stat, "mode");
    if (!has(mode, link)) return { path: current, isDirectory: has(mode, directory) };
    current = posix.resolve(posix.dirname(current), textAt(stat, "linkTarget"));
  }
  throw invalidArgument(`${path}: too many links`);
}

async function statRemote(container: string, path: string) {
  try {
    const target = pathTo("containers", container, "/archive");
    const response = await request("HEAD", target, { query: { path } });
    const header = response.headers.get("X-Docker-Container-Path-Stat") ?? "";
    return asObject(JSON.parse(Buffer.from(header, "base64").toString()));
  } catch (error) {
    if (!(error instanceof TboxError && error.code === "not-found")) throw error;
    // An answer to HEAD has no text: this one tells a missing container from a missing file.
    await request("GET", pathTo("containers", container, "/json"));
    return undefined;
  }
}

/** The bits lie above what JavaScript's operators take. */
function has(mode: number, bit: number): boolean {
  return Math.floor(mode / bit) % 2 === 1;
}
