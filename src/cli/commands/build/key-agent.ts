import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";

/** An SSH agent that holds keys of the caller; it ends when it is disposed of, or with this process. */
export interface KeyAgent extends AsyncDisposable {
  socket: string;
}

/** The agent runs until this command's input ends, even if this process is killed. */
const guard = `trap '' HUP INT TERM; echo ready; cat >/dev/null; kill "$SSH_AGENT_PID"; rm -rf -- "$0"`;

/** Starts OpenSSH's agent with the private keys of files. */
export async function startKeyAgent(keys: { path: string; content: Buffer }[]): Promise<KeyAgent> {
  const missing = ["ssh-agent", "ssh-add"].find((program) => Bun.which(program) === null);
  if (missing !== undefined) {
    throw new ExitError(`cannot use SSH keys: ${missing} is not installed, install openssh-client`, 1);
  }
  const directory = mkdtempSync(`${tmpdir()}/tbox-agent-`);
  const socket = `${directory}/agent`;
  const child = Bun.spawn(["ssh-agent", "-a", socket, "sh", "-c", guard, directory], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const agent: KeyAgent = {
    socket,
    async [Symbol.asyncDispose]() {
      await child.stdin.end();
      await child.exited;
    },
  };
  try {
    const { done } = await child.stdout.getReader().read();
    if (done) throw new ExitError("cannot use SSH keys: ssh-agent does not start", 1);
    for (const key of keys) await addKey(socket, key);
    return agent;
  } catch (error) {
    await agent[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Adds a key. ssh-add reads the key from its input, because it refuses files that others may read. It has no terminal to ask
 * for a passphrase.
 */
async function addKey(socket: string, { path, content }: { path: string; content: Buffer }): Promise<void> {
  const { DISPLAY: _, SSH_ASKPASS: __, ...environment } = process.env;
  const child = Bun.spawn(["ssh-add", "-q", "-"], {
    detached: true,
    env: { ...environment, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: "never" },
    stdio: [content, "ignore", "pipe"],
  });
  const [text, code] = await Promise.all([child.stderr.text(), child.exited]);
  if (code === 0) return;
  const reason = text.trim().replaceAll("(stdin)", path);
  throw new ExitError(
    `cannot use the SSH key ${path}: ${reason || "a key with a passphrase needs an agent"}`,
    1,
  );
}

/** Reads a private key. */
export async function readKey(path: string): Promise<{ path: string; content: Buffer }> {
  try {
    return { path, content: Buffer.from(await Bun.file(path).bytes()) };
  } catch (cause) {
    throw new ExitError(`cannot use the SSH key ${path}: ${failureMessage(cause)}`, 1, { cause });
  }
}
