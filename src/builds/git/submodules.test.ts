import { expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "#test/support/temp.ts";
import { checkOut } from "./checkout.ts";
import { restrictToOtherMachines, sshConfiguration } from "./reach.ts";

const obstacle = Bun.which("git") === null || Bun.which("ssh") === null;
const outer = "192.0.2.1";

/** Records the server that ssh would contact, and serves the repository from this machine. */
const standIn = (log: string) => `#!/bin/sh
configuration=$2
for word; do host=$command command=$word; done
${Bun.which("ssh")} -F "$configuration" -G "$host" | sed -n 's/^hostname //p; s/^proxycommand /proxy /p' | paste -sd ' ' >>${log}
exec sh -c "$command"
`;

/** Checks out a repository over ssh that has these submodules, and theirs. Returns the outcome and the contacted servers. */
async function checkedOut(addresses: (inner: string) => [string, string]) {
  using directory = temporaryDirectory("submodules");
  const { path } = directory;
  const git = (cwd: string, ...words: string[]) => {
    const identity = ["-c", "user.name=a", "-c", "user.email=a@x", "-c", "init.defaultBranch=main"];
    const { success, stdout, stderr } = Bun.spawnSync(["git", ...identity, ...words], { cwd });
    if (!success) throw new Error(stderr.toString());
    return stdout.toString().trim();
  };
  const repository = (name: string, submodule?: { url: string; commit: string }) => {
    const work = `${path}/${name}`;
    git(path, "init", "-q", work);
    writeFileSync(`${work}/file`, name);
    if (submodule !== undefined) {
      writeFileSync(`${work}/.gitmodules`, `[submodule "m"]\n\tpath = m\n\turl = ${submodule.url}\n`);
      git(work, "update-index", "--add", "--cacheinfo", `160000,${submodule.commit},m`);
    }
    git(work, "add", "file", ...(submodule === undefined ? [] : [".gitmodules"]));
    git(work, "commit", "-q", "-m", name);
    return git(work, "rev-parse", "HEAD");
  };
  const [first, second] = addresses(path);
  const innermost = repository("innermost");
  const inner = repository("inner", { url: second, commit: innermost });
  const commit = repository("outer", { url: first, commit: inner });

  writeFileSync(`${path}/log`, "");
  writeFileSync(`${path}/ssh`, standIn(`${path}/log`));
  chmodSync(`${path}/ssh`, 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${path}:${before}`;
  try {
    const remote = `ssh://git@${outer}${path}/outer`;
    const restriction = await restrictToOtherMachines(remote);
    const access = { home: path, restriction, signal: new AbortController().signal };
    const target = `${path}/checkout`;
    const whole = { remote, directory: "", submodules: true };
    const failure = await checkOut(whole, { commit, access }, { target, keepGitDirectory: true }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const contacted = new Set(readFileSync(`${path}/log`, "utf8").trim().split("\n"));
    const deepest = failure === undefined ? readFileSync(`${target}/m/m/file`, "utf8") : undefined;
    return { failure, contacted: [...contacted], deepest };
  } finally {
    process.env.PATH = before;
  }
}

test.skipIf(obstacle)("submodules over ssh are checked out from other servers", async () => {
  const found = await checkedOut((path) => [
    `ssh://git@192.0.2.2:2222${path}/inner`,
    `git@192.0.2.3:${path}/innermost`,
  ]);
  expect(found).toEqual({
    failure: undefined,
    contacted: [outer, "192.0.2.2", "192.0.2.3"],
    deepest: "innermost",
  });
});

test.skipIf(obstacle).each([
  ["ssh://git@127.0.0.1/x", "127.0.0.1"],
  ["git@localhost:x", "localhost"],
  ["127.0.0.1:x", "127.0.0.1"],
  ["ssh://git@[::1]:2222/x", "[::1]"],
  ["ssh://git@169.254.1.1/x", "169.254.1.1"],
])("a submodule %s of a repository on another machine is refused", async (url, host) => {
  const first = await checkedOut(() => [url, url]);
  const nested = await checkedOut((path) => [`ssh://git@192.0.2.2${path}/inner`, url]);
  for (const { failure } of [first, nested]) {
    expect(failure).toContain("is not allowed: it is a loopback or link-local address");
    expect(failure).toContain(host);
  }
  expect([first.contacted, nested.contacted]).toEqual([[outer], [outer, "192.0.2.2"]]);
});

test.skipIf(obstacle)("ssh contacts no server that was not checked", async () => {
  const text = sshConfiguration(await restrictToOtherMachines(`git@${outer}:x`));
  using directory = temporaryDirectory("ssh");
  writeFileSync(`${directory.path}/config`, text);
  const settings = (host: string) => {
    const { stdout } = Bun.spawnSync(["ssh", "-F", `${directory.path}/config`, "-G", host]);
    return stdout
      .toString()
      .split("\n")
      .filter((line) => /^(?:hostname|proxycommand) /.test(line));
  };
  expect(settings(outer)).toEqual([`hostname ${outer}`]);
  expect(sshConfiguration(await restrictToOtherMachines("ssh://git@[2001:DB8::1]:2222/x"))).toContain(
    "Host 2001:DB8::1\n  HostName 2001:db8::1\n  HostKeyAlias [2001:db8::1]:2222\n",
  );
  expect(settings("192.0.2.9")).toEqual(["hostname 192.0.2.9", "proxycommand exit 1"]);
});
