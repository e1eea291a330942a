import { posix } from "node:path";
import { invalidArgument, type TboxError } from "#support/errors.ts";

/** A place in a git repository, as `REMOTE#REF:DIRECTORY` or `REMOTE?ref=…&subdir=…` names it. */
export interface Repository {
  /** What git is given. */
  remote: string;
  /** A branch, a tag or a commit; the remote's own choice when absent. */
  ref?: string;
  /** Relative to the root of the repository; nothing for all of it. */
  directory: string;
  /** What the commit must be, or begin with. */
  commit?: string;
  keepGitDirectory?: boolean;
  submodules: boolean;
}

const shortForm = /^[\w.-]+@[A-Za-z0-9][A-Za-z0-9.-]*:(?!\/\/)[^#?]+/;
const web = /^https?:\/\/[^#?]+\.git(?=[#?]|$)/i;
const other = /^(?:git|ssh):\/\/[^#?]+/i;

/** Whether an address is that of a git repository. */
export function isRepository(address: string): boolean {
  return [shortForm, web, other].some((form) => form.test(address));
}

/** Reads the address of a repository. What git could take for an option is refused. */
export function parseRepository(address: string): Repository {
  const [remote = ""] = address.split(/[#?]/, 1);
  const mark = address.indexOf("#");
  const [ref = "", ...directories] = mark < 0 ? [] : address.slice(mark + 1).split(":");
  const question = address.slice(remote.length, mark < 0 ? undefined : mark);
  const repository: Repository = { remote, directory: directories.join(":"), submodules: true };
  if (ref !== "") repository.ref = ref;
  for (const [key, value] of new URLSearchParams(question)) apply(repository, key, value, address);
  if (repository.ref !== undefined && !isSafeRef(repository.ref)) {
    throw invalid(address, `${JSON.stringify(repository.ref)} is no name of a branch, a tag or a commit`);
  }
  if (repository.commit !== undefined) checkCommit(repository.commit, address);
  if (remote.startsWith("-") || /[\0-\x20]/.test(remote)) throw invalid(address, "this is no address");
  return { ...repository, directory: posix.join("/", repository.directory).replace(/^\/|(?<=.)\/$/g, "") };
}

/** Throws for what is not the beginning of a commit. */
export function checkCommit(text: string, address: string): void {
  if (!/^[0-9a-f]{7,64}$/.test(text)) {
    throw invalid(address, `the checksum ${JSON.stringify(text)} is no commit in hexadecimal digits`);
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
        throw invalid(address, "two directories are named");
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
  if (repository.ref !== undefined && repository.ref !== ref) throw invalid(address, "two refs are named");
  return ref;
}

function fullRef(kind: "ref" | "tag" | "branch", name: string): string {
  if (kind === "ref") return name;
  const prefix = kind === "tag" ? "refs/tags/" : "refs/heads/";
  return name.startsWith(prefix) ? name : prefix + name;
}

/** The rules of git-check-ref-format as far as they keep a name from being anything else. */
function isSafeRef(ref: string): boolean {
  return !/^[-/.]|\.\.|@\{|[\0-\x20\x7f~^:?*[\\]|\.lock$|[/.]$/.test(ref);
}

function readSwitch(key: string, value: string, address: string): boolean {
  if (value === "" || /^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw invalid(address, `invalid value for ${key}: ${JSON.stringify(value)}`);
}

function invalid(address: string, reason: string): TboxError {
  return invalidArgument(`git repository ${address}: ${reason}`);
}
