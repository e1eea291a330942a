import { pathTo, request } from "#client/api.ts";
import { needOwnProcess, userEnvironment } from "#client/caller/remote-caller.ts";
import { fetchJson } from "#client/endpoints.ts";
import { openUpgrade } from "#client/streams/upgrade.ts";
import { bool, list, listOf, text } from "../../flags/kinds.ts";
import { atLeast, command, type Invocation } from "../../registry/command.ts";
import { copyOutput, socketTarget } from "../../terminal/connection.ts";
import { checkDetachKeys, checkTerminal, endDetached, openSession } from "../../terminal/session.ts";
import { entriesOf, parseEnvironmentEntry, resolveEnvironment } from "../../values/entries.ts";

const execFlags = {
  detach: bool("Detached mode: run command in the background", { short: "d" }),
  "detach-keys": text("Override the key sequence for detaching a container"),
  env: listOf("Set environment variables", parseEnvironmentEntry, { short: "e" }),
  "env-file": list("Read in a file of environment variables", { completes: "file" }),
  interactive: bool("Keep STDIN open even if not attached", { short: "i" }),
  privileged: bool("Give extended privileges to the command"),
  tty: bool("Allocate a pseudo-TTY", { short: "t" }),
  user: text("Username or UID (format: <name|uid>[:<group|gid>])", { short: "u" }),
  workdir: text("Working directory inside the container", { short: "w" }),
};

type ExecInvocation = Invocation<typeof execFlags>;

export const execCommand = command({
  name: "exec",
  aliases: ["container exec"],
  summary: "Execute a command in a running container",
  rank: 2,
  synopsis: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  flags: execFlags,
  arguments: atLeast(2),
  placement: "leading",
  examples: [
    { line: "tbox exec -it web sh", purpose: "Open a shell in a running container" },
    { line: "tbox exec -u 0 -w /tmp web ls -l", purpose: "Run a command as root in a directory" },
  ],
  remote: true,
  async run({ flags, positionals }) {
    const [name = "", ...words] = positionals;
    const { detach, tty } = flags;
    const stdin = flags.interactive && !detach;
    checkDetachKeys(flags["detach-keys"]);
    await checkTerminal({ stdin, tty });
    const consoleSize = tty ? await terminalRowsAndColumns() : undefined;
    const { Id: id } = await fetchJson("POST /containers/{name}/exec", {
      name,
      json: {
        Cmd: words,
        Env: await environmentOf(flags),
        User: flags.user,
        WorkingDir: flags.workdir,
        Privileged: flags.privileged,
        Tty: tty,
        AttachStdin: stdin,
        AttachStdout: !detach,
        AttachStderr: !detach,
        ConsoleSize: consoleSize,
      },
    });
    if (detach) {
      await request("POST", pathTo("exec", id, "/start"), { json: { Detach: true, Tty: tty } });
      return 0;
    }
    return follow(id, { flags, stdin, consoleSize });
  },
});

async function environmentOf(flags: ExecInvocation["flags"]): Promise<string[]> {
  const read = async (path: string) => {
    needOwnProcess();
    return (await import("../../values/entry-file.ts")).readEntryFile(path, "env");
  };
  return resolveEnvironment(await entriesOf(flags["env-file"], flags.env, read), userEnvironment());
}

async function terminalRowsAndColumns(): Promise<number[] | undefined> {
  const size = (await import("../../terminal/terminal.ts")).terminalSize();
  return size === undefined ? undefined : [size.rows, size.columns];
}

interface FollowOptions {
  flags: ExecInvocation["flags"];
  stdin: boolean;
  consoleSize: number[] | undefined;
}

/** Starts the exec and copies the streams until the program exits. Returns the exit status of the program. */
async function follow(id: string, { flags, stdin, consoleSize }: FollowOptions): Promise<number> {
  const { tty } = flags;
  const path = pathTo("exec", id);
  const body = { Detach: false, Tty: tty, ConsoleSize: consoleSize };
  const { socket, answered } = await openUpgrade({ target: `${path}/start`, body });
  await answered;
  using session = openSession(socketTarget(socket, path), { stdin, tty, detachKeys: flags["detach-keys"] });
  await session.begin();
  await copyOutput(socket, tty);
  if (session.detached) return endDetached(session);
  return (await fetchJson("GET /exec/{name}/json", { name: id })).ExitCode ?? 0;
}
