import { posix } from "node:path";
import { parseBoolean } from "#support/boolean.ts";
import { invalidArgument, type TboxError } from "#support/errors.ts";

/** A directory in a git repository: `REMOTE#REF:DIRECTORY` or `REMOTE?ref=…&subdir=…`. */
export interface Repository {
  /** Address for git. */
  remote: string;
  /** Branch, tag or commit; the remote's HEAD when absent. */
  ref?: string;
  /** Path relative to the root of the repository; empty for the root. */
  directory: string;
  /** Expected commit, or its start. */
  commit?: string;
  keepGitDirectory?: boolean;
  submodules: boolean;
}

const shortForm = /^[\w.-]+@[A-Za-z0-9][A-Za-z0-9.-]*:(?!\/\/)[^#?]+/;
const web = /^https?:\/\/[^#?]+\.git(?=[#?]|$)/i;
const other = /^(?:git|ssh):\/\/[^#?]+/i;

/** Tests for the address of a git repository. */
export function isRepository(address: string): boolean {
  return [shortForm, web, other].some((form) => form.test(address));
}

/** Parses the address of a repository; throws for text that git could take for an option. */
export function parseRepository(address: string): Repository {
  const [remote = ""] = address.split(/[#?]/, 1);
  const mark = address.indexOf("#");
  const [ref = "", ...directories] = mark < 0 ? [] : address.slice(mark + 1).split(":");
  const question = address.slice(remote.length, mark < 0 ? undefined : mark);
  const repository: Repository = { remote, directory: directories.join(":"), submodules: true };
  if (ref !== "") repository.ref = ref;
  for (const [key, value] of new URLSearchParams(question)) apply(repository, key, value, address);
  if (repository.ref !== undefined && !isSafeRef(repository.ref)) {
    throw invalid(
      address,
      `${JSON.stringify(repository.ref)} is not the name of a branch, a tag or a commit`,
    );
  }
  if (repository.commit !== undefined) checkCommit(repository.commit, address);
  if (remote.startsWith("-") || /[\0-\x20]/.test(remote)) throw invalid(address, "invalid address");
  return { ...repository, directory: posix.join("/", repository.directory).replace(/^\/|(?<=.)\/$/g, "") };
}

/** Throws unless the text is the start of a commit hash. */
export function checkCommit(text: string, address: string): void {
  if (!/^[0-9a-f]{7,64}$/.test(text)) {
    throw invalid(address, `the checksum ${JSON.stringify(text)} is not a hexadecimal commit hash`);
  }
}

function apply(repository: Repository, key: string, value: string, address: string): void {
  switch (key) {
    case "ref":
    case "tag":
    case "branch":
      repository.ref = chooseRef(repository, fullRef(key, value), address);
      return;
    case "subdir":
      if (repository.directory !== "" && repository.directory !== value) {
        throw invalid(address, "the address names two directories");
      }
      repository.directory = value;
      return;
    case "checksum":
    case "commit":
      repository.commit = value;
      return;
    case "keep-git-dir":
      repository.keepGitDirectory = readSwitch(key, value, address);
      return;
    case "submodules":
      repository.submodules = readSwitch(key, value, address);
      return;
    default:
      throw invalid(address, `unexpected query ${JSON.stringify(key)}`);
  }
}

function chooseRef(repository: Repository, ref: string, address: string): string {
  if (repository.ref !== undefined && repository.ref !== ref)
    throw invalid(address, "the address names two refs");
  return ref;
}

function fullRef(kind: "ref" | "tag" | "branch", name: string): string {
  if (kind === "ref") return name;
  const prefix = kind === "tag" ? "refs/tags/" : "refs/heads/";
  return name.startsWith(prefix) ? name : prefix + name;
}

/** Tests a ref by the rules of git-check-ref-format that exclude options and expressions. */
function isSafeRef(ref: string): boolean {
  return !/^[-/.]|\.\.|@\{|[\0-\x20\x7f~^:?*[\\]|\.lock$|[/.]$/.test(ref);
}

function readSwitch(key: string, value: string, address: string): boolean {
  if (value === "") return true;
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw invalid(address, `invalid value for ${key}: ${JSON.stringify(value)}`);
  return parsed;
}

function invalid(address: string, reason: string): TboxError {
  return invalidArgument(`git repository ${address}: ${reason}`);
}
