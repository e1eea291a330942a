import { pathTo, request, requestJson } from "#client/api.ts";
import { connectDaemon } from "#client/daemon/connect.ts";
import { asObject, numberAt, textAt } from "#client/json.ts";
import { decodeFrames } from "#client/streams/frames.ts";
import { upgrade } from "#client/streams/upgrade.ts";
import type { ExecFlags } from "../commands/container/exec.ts";
import { entriesOf, resolveEnvironment } from "../container-flags/entries.ts";
import { printError } from "../output/output.ts";
import type { Invocation } from "../registry/command.ts";
import { checkDetachKeys, checkTerminal, openOutput, openSession } from "./session.ts";

/** `tbox exec`: gives the program's exit code; 0 for one in the background. */
export async function execInContainer({ flags, positionals }: Invocation<ExecFlags>): Promise<number> {
  const [name = "", ...words] = positionals;
  const { detach, tty } = flags;
  const stdin = flags.interactive && !detach;
  checkDetachKeys(flags["detach-keys"]);
  await checkTerminal({ stdin, tty });
  const size = tty ? (await import("./terminal.ts")).terminalSize() : undefined;
  const consoleSize = size === undefined ? undefined : [size.rows, size.columns];
  const read = async (path: string) =>
    (await import("../container-flags/entry-file.ts")).readEntryFile(path, "env");
  const variables = await entriesOf(flags["env-file"], flags.env, read);
  const created = await requestJson("POST", pathTo("containers", name, "/exec"), {
    json: {
      Cmd: words,
      Env: resolveEnvironment(variables, process.env),
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
  const exec = pathTo("exec", textAt(asObject(created), "Id"));
  if (detach) {
    await request("POST", `${exec}/start`, { json: { Detach: true, Tty: tty } });
    return 0;
  }
  const detached = await follow(exec, { flags, stdin, consoleSize });
  if (detached) {
    printError("\nread escape sequence", "bare");
    return 0;
  }
  return numberAt(asObject(await requestJson("GET", `${exec}/json`)), "ExitCode");
}

interface FollowOptions {
  flags: Invocation<ExecFlags>["flags"];
  stdin: boolean;
  consoleSize: number[] | undefined;
}

/** Goes along with a program to the end of its output; whether it was left before. */
async function follow(exec: string, { flags, stdin, consoleSize }: FollowOptions): Promise<boolean> {
  const { tty } = flags;
  const socket = await connectDaemon();
  const body = { Detach: false, Tty: tty, ConsoleSize: consoleSize };
  await upgrade(socket, { target: `${exec}/start`, body });
  let detached = false;
  const ignore = () => {};
  using session = new DisposableStack();
  const target = {
    write: (bytes: Uint8Array) => socket.write(bytes).catch(ignore),
    end: () => socket.endWriting(),
    resize: ({ columns, rows }: { columns: number; rows: number }) =>
      void request("POST", `${exec}/resize`, { query: { h: String(rows), w: String(columns) } }).catch(
        ignore,
      ),
    detach() {
      detached = true;
      socket.close();
    },
  };
  session.use(await openSession(target, { stdin, tty, detachKeys: flags["detach-keys"] }));
  const write = openOutput();
  if (tty) for await (const bytes of socket) await write("stdout", bytes);
  else {
    for await (const { type, bytes } of decodeFrames(socket))
      await write(type === 2 ? "stderr" : "stdout", bytes);
  }
  return detached;
}
