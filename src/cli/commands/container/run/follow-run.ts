import type { RunStream } from "#client/streams/run-stream.ts";
import { TboxError } from "#support/errors.ts";
import type { StreamName } from "../../../container-flags/streams.ts";
import { ExitError } from "../../../output/exit.ts";
import { print, printError } from "../../../output/output.ts";
import type { ProgressPrinter } from "../../../progress/printer.ts";
import { openOutput, openSession } from "../../../terminal/session.ts";
import { proxySignals } from "../../../terminal/signals.ts";
import type { RunInvocation } from "../run.ts";

export interface FollowOptions {
  flags: RunInvocation["flags"];
  attached: ReadonlySet<StreamName>;
  stdin: boolean;
}

/** Goes along with a run to its end. Gives the exit code. */
export async function followRun(run: RunStream, options: FollowOptions): Promise<number | "image-missing"> {
  const { flags, attached, stdin } = options;
  const { tty } = flags;
  const writeOutput = openOutput();
  let detached = false;
  let progress: ProgressPrinter | undefined;
  let container = "";
  using session = new DisposableStack();
  const signals =
    flags["sig-proxy"] && !flags.detach
      ? session.use(
          proxySignals({
            send: (signal) => run.send({ control: "signal", signal }),
            tty,
            container: () => shortName(flags.name, container),
          }),
        )
      : undefined;
  const target = {
    write: run.writeInput,
    end: run.endInput,
    resize: ({ columns, rows }: { columns: number; rows: number }) =>
      run.send({ control: "resize", columns, rows }),
    detach() {
      detached = true;
      run.close();
    },
  };
  for await (const message of run.messages) {
    switch (message.event) {
      case "progress":
        if (flags.quiet) break;
        progress ??= await (await import("../../../progress/printer.ts")).openProgress("stderr");
        await progress.show(message.progress);
        break;
      case "created":
        container = message.id;
        for (const warning of message.warnings) printError(`WARNING: ${warning}`, "bare");
        if (flags.cidfile !== undefined) {
          await (await import("./cid-file.ts")).writeCidFile(flags.cidfile, message.id);
        }
        signals?.hold();
        break;
      case "started":
        if (flags.detach) {
          run.close();
          await print(`${container}\n`);
          return 0;
        }
        if (!attached.has("stdout") && !attached.has("stderr")) await print(`${container}\n`);
        session.use(await openSession(target, { stdin, tty, detachKeys: flags["detach-keys"] }));
        signals?.open();
        break;
      case "output":
        await writeOutput(message.stream, message.bytes);
        break;
      case "exited":
        return message.code;
      case "error":
        if (message.status === 404 && message.message.startsWith("No such image")) return "image-missing";
        throw new ExitError(message.message, message.exitCode);
    }
  }
  if (!detached)
    throw new TboxError("unavailable", "the daemon ended the connection before the container ended");
  session.dispose();
  printError("\nread escape sequence", "bare");
  return 0;
}

function shortName(name: string | undefined, id: string): string {
  return name ?? id.slice(0, 12);
}
