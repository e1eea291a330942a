import { existsSync } from "node:fs";
import { invalidArgument } from "#support/errors.ts";
import { type GitAccess, git } from "./git.ts";
import { allowServer } from "./reach.ts";

/** Maximum depth of nested submodules: a repository can contain itself. */
const mostLevels = 32;

export function hasSubmodules(checkout: string): boolean {
  return existsSync(`${checkout}/.gitmodules`);
}

/** Checks out the submodules of a checkout and of its submodules. Checks their servers if git is restricted. */
export async function updateSubmodules(access: GitAccess, checkout: string, level = 1): Promise<void> {
  if (level > mostLevels) throw invalidArgument(`submodules are nested more than ${mostLevels} levels deep`);
  await git(access, checkout, "submodule", "--quiet", "init");
  for (const remote of await submoduleRemotes(access, checkout)) {
    if (access.restriction !== undefined) await allowServer(access.restriction, remote);
  }
  await git(access, checkout, "submodule", "--quiet", "update", "--depth=1");
  for (const path of await submodulePaths(access, checkout)) {
    const submodule = `${checkout}/${path}`;
    if (hasSubmodules(submodule)) await updateSubmodules(access, submodule, level + 1);
  }
}

async function submoduleRemotes(access: GitAccess, checkout: string): Promise<string[]> {
  const settings = (await git(access, checkout, "config", "--local", "--list", "-z")).split("\0");
  return settings.flatMap((setting) => {
    const [name = "", value = ""] = setting.split("\n", 2);
    return /^submodule\..*\.url$/s.test(name) ? [value] : [];
  });
}

async function submodulePaths(access: GitAccess, checkout: string): Promise<string[]> {
  const files = (await git(access, checkout, "ls-files", "--stage", "-z")).split("\0");
  return files.flatMap((line) => (line.startsWith("160000 ") ? [line.slice(line.indexOf("\t") + 1)] : []));
}
