import { TboxError } from "#support/errors.ts";

/** What a repository may be reached with. */
export interface GitAccess {
  /** A directory of the build's own, which is the home of git. */
  home: string;
  /** Socket of an SSH agent. */
  agent?: string;
  /** Value of an `Authorization` header, for the server of a remote. */
  authorization?: { remote: string; header: string };
  signal: AbortSignal;
}

const passed = [
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "all_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "PATH",
];
/** Longest message of git's that is told. */
const mostText = 4096;

/**
 * Runs git and gives its output. It sees nothing of the user's configuration or keys, asks nobody, and speaks
 * no protocol that reads this machine's files or runs programs of it.
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
    throw new TboxError("unavailable", "git is not installed, and sources in git need it", { cause });
  }
}

function environmentOf({ home, agent, authorization }: GitAccess): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) =>
    passed.some((one) => one.toLowerCase() === name.toLowerCase()),
  );
  const ssh = "ssh -F none -o BatchMode=yes -o IdentityFile=none -o StrictHostKeyChecking=yes";
  return {
    ...Object.fromEntries(own.map(([name, value]) => [name, value ?? ""])),
    HOME: home,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    GIT_ALLOW_PROTOCOL: "http:https:git:ssh",
    GIT_SSH_COMMAND: ssh,
    ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }),
    ...(authorization === undefined ? {} : headerFor(authorization)),
  };
}

/** In the environment, which other users cannot read, and for one server only. */
function headerFor({ remote, header }: { remote: string; header: string }): Record<string, string> {
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${new URL(remote).origin}/.extraheader`,
    GIT_CONFIG_VALUE_0: `Authorization: ${header}`,
  };
}
