import { mkdir, readdir, rm } from "node:fs/promises";
import { openDirectoryChain } from "#support/directory-chain.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { Reach } from "#support/http/reach.ts";
import type { BuildRequest } from "../builder.ts";
import { type GitAccess, git } from "./git.ts";
import { restrictToOtherMachines } from "./reach.ts";
import type { Repository } from "./repository.ts";
import { hasSubmodules, updateSubmodules } from "./submodules.ts";

/** A commit and the data needed to fetch it. */
export interface FoundCommit {
  commit: string;
  access: GitAccess;
}

const wholeCommit = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Resolves the ref of a repository to a commit. Asks the remote unless the ref is a commit hash. */
export async function findCommit(
  repository: Repository,
  options: { request: BuildRequest; reach: Reach; home: string; signal: AbortSignal },
): Promise<FoundCommit> {
  const { request, reach, home, signal } = options;
  await mkdir(home, { recursive: true });
  const access = await accessTo(repository, request, { home, signal });
  if (reach !== "any") access.restriction = await restrictToOtherMachines(repository.remote);
  const { ref = "HEAD", remote, commit: expected } = repository;
  const commit = wholeCommit.test(ref) ? ref : await askRemote(access, home, remote, ref);
  if (expected !== undefined && !commit.startsWith(expected)) {
    throw invalidArgument(`${remote}: expected the commit ${expected}, ${ref} is ${commit}`);
  }
  return { commit, access };
}

/** Checks out a commit; returns the path of the requested directory. */
export async function checkOut(
  repository: Repository,
  { commit, access }: FoundCommit,
  { target, keepGitDirectory }: { target: string; keepGitDirectory: boolean },
): Promise<string> {
  const { remote, submodules, directory } = repository;
  await mkdir(target, { recursive: true });
  await git(access, target, "init", "--quiet", "--template=");
  await git(access, target, "remote", "add", "--", "origin", remote);
  await fetchCommit(access, target, repository.ref, commit);
  await git(access, target, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit);
  if (submodules && hasSubmodules(target)) {
    // The repository chooses their addresses; tbox checks those of http, https and ssh only.
    const protocols = /^https?:/i.test(remote) ? "http:https" : "http:https:ssh";
    const limited = access.restriction === undefined ? access : { ...access, protocols };
    await updateSubmodules(limited, target);
    if (!keepGitDirectory) await removeGitFiles(target);
  }
  if (!keepGitDirectory) await rm(`${target}/.git`, { recursive: true });
  return directoryIn(target, directory, remote);
}

async function askRemote(access: GitAccess, home: string, remote: string, ref: string): Promise<string> {
  const output = await git(access, home, "ls-remote", "--", remote, ref, `${ref}^{}`);
  const found = new Map(
    output.split("\n").map((line): [string, string] => {
      const [commit = "", name = ""] = line.split("\t");
      return [name, commit];
    }),
  );
  // A branch takes precedence over a tag; an annotated tag is resolved to its commit.
  const names = [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, `${ref}^{}`, ref];
  const commit = names.map((name) => found.get(name)).find((one) => one !== undefined);
  if (commit !== undefined && wholeCommit.test(commit)) return commit;
  throw invalidArgument(`repository ${remote} does not contain ref ${ref}`);
}

/** Fetches a single commit if the server allows it; otherwise fetches the ref, or else all refs. */
async function fetchCommit(
  access: GitAccess,
  target: string,
  ref: string | undefined,
  commit: string,
): Promise<void> {
  const everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
  const attempts = [
    ["--depth=1", "--", "origin", commit],
    ...(ref === undefined || ref === commit ? [] : [["--depth=1", "--", "origin", ref]]),
    ["--", "origin", ...everything],
  ];
  let failure: unknown;
  for (const words of attempts) {
    try {
      await git(access, target, "fetch", "--quiet", "--no-tags", ...words);
      await git(access, target, "cat-file", "-e", `${commit}^{commit}`);
      return;
    } catch (error) {
      access.signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

async function accessTo(
  { remote }: Repository,
  { secret, agent: findAgent }: BuildRequest,
  { home, signal }: { home: string; signal: AbortSignal },
): Promise<GitAccess> {
  if (!/^https?:/i.test(remote)) {
    const agent = await findAgent("default");
    if (agent === undefined && !/^git:/i.test(remote)) {
      throw invalidArgument(`${remote} needs an SSH agent: build with --ssh default`);
    }
    return { home, signal, ...(agent === undefined ? {} : { agent }) };
  }
  const { hostname } = new URL(remote);
  const text = async (name: string) => {
    const content = (await secret(`${name}.${hostname}`)) ?? (await secret(name));
    return content === undefined ? undefined : new TextDecoder().decode(content).trim();
  };
  const header = (await text("GIT_AUTH_HEADER")) || basicHeader(await text("GIT_AUTH_TOKEN"));
  return { home, signal, ...(header ? { authorization: { remote, header } } : {}) };
}

function basicHeader(token: string | undefined): string | undefined {
  return token && `basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
}

/** Removes the `.git` files of submodules. */
async function removeGitFiles(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (entry.name === ".git" && entry.isFile()) await rm(path);
    else if (entry.isDirectory() && entry.name !== ".git") await removeGitFiles(path);
  }
}

/** Returns a directory of the checkout; refuses links, which could lead outside. Only this build changes the checkout. */
function directoryIn(target: string, directory: string, remote: string): string {
  if (directory === "") return target;
  try {
    using chain = openDirectoryChain(target);
    chain.open(directory);
  } catch (cause) {
    throw new TboxError("not-found", `${remote} has no directory ${JSON.stringify(directory)}`, { cause });
  }
  return `${target}/${directory}`;
}
