import { writeFileSync } from "node:fs";
import { TboxError } from "#support/errors.ts";
import { type Restriction, sshConfiguration } from "./reach.ts";

/** Credentials and environment of git. */
export interface GitAccess {
  /** Home directory of git, inside the temporary directory of the build. */
  home: string;
  /** Socket of an SSH agent. */
  agent?: string;
  /** Value of the `Authorization` header for the server of a remote. */
  authorization?: { remote: string; header: string };
  /** Protocols that git may use; all that read no local files and run no local programs by default. */
  protocols?: string;
  /** Present if git may contact other machines only. */
  restriction?: Restriction;
  signal: AbortSignal;
}

const inherited = ["SSL_CERT_FILE", "SSL_CERT_DIR", "PATH"];
const proxies = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"];
/** Characters of git's output that an error message shows. */
const mostText = 4096;

/**
 * Runs git and returns the output. Git has no access to the user's configuration and keys, never prompts, and uses no
 * protocol that reads local files or runs local programs.
 */
export async function git(access: GitAccess, directory: string, ...words: string[]): Promise<string> {
  const child = start(access, directory, words);
  const texts = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  access.signal.throwIfAborted();
  const [output, messages] = await texts;
  if (code === 0) return output;
  throw new TboxError("unavailable", `git ${words[0]}: ${messages.trim().slice(-mostText)}`);
}

function start(access: GitAccess, cwd: string, words: string[]) {
  const env = environmentOf(access);
  const { signal } = access;
  try {
    return Bun.spawn(["git", ...words], {
      cwd,
      env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      signal,
    });
  } catch (cause) {
    throw new TboxError("unavailable", "git is not installed: install it to build from git repositories", {
      cause,
    });
  }
}

function environmentOf(access: GitAccess): Record<string, string> {
  const { home, agent, authorization, protocols, restriction } = access;
  const proxy = restriction?.proxy;
  const names = [...inherited, ...(proxy === undefined ? proxies : [])];
  const own = Object.entries(process.env).filter(([name]) =>
    names.some((one) => one.toLowerCase() === name.toLowerCase()),
  );
  const configuration = [
    ...(authorization === undefined ? [] : [headerFor(authorization)]),
    ...(proxy === undefined
      ? []
      : [["http.proxy", proxy] as const, ["http.proxyAuthMethod", "basic"] as const]),
    ...[...(restriction?.urls ?? [])].map(
      ([written, checked]) => [`url.${checked}.insteadOf`, written] as const,
    ),
  ];
  const ssh = `ssh -F ${sshConfigurationOf(access)} -o BatchMode=yes -o IdentityFile=none -o StrictHostKeyChecking=yes`;
  return {
    ...Object.fromEntries(own.map(([name, value]) => [name, value ?? ""])),
    HOME: home,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    GIT_ALLOW_PROTOCOL: protocols ?? "http:https:git:ssh",
    GIT_SSH_COMMAND: ssh,
    ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }),
    ...variablesFor(configuration),
  };
}

/** Returns the quoted path of ssh's configuration file, or `none`. */
function sshConfigurationOf({ home, restriction }: GitAccess): string {
  if (restriction === undefined) return "none";
  const path = `${home}/ssh_config`;
  writeFileSync(path, sshConfiguration(restriction));
  return `'${path.replaceAll("'", "'\\''")}'`;
}

type Setting = readonly [key: string, value: string];

/** Returns the setting of the header for one server. */
function headerFor({ remote, header }: { remote: string; header: string }): Setting {
  return [`http.${new URL(remote).origin}/.extraheader`, `Authorization: ${header}`];
}

/** Returns environment variables with settings. Other users cannot read the environment. */
function variablesFor(settings: readonly Setting[]): Record<string, string> {
  const variables = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(variables) };
}
