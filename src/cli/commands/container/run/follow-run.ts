import type { RunFailure } from "#api/streams/run-stream.ts";
import type { RunStream } from "#client/streams/run-messages.ts";
import { TboxError } from "#support/errors.ts";
import { openOutput } from "../../../output/byte-sink.ts";
import { ExitError } from "../../../output/exit.ts";
import { print, printWarning } from "../../../output/output.ts";
import type { ProgressPrinter } from "../../../progress/printer.ts";
import { endDetached, openSession, type Session } from "../../../terminal/session.ts";
import type { StreamName } from "../../../values/stream-name.ts";
import type { RunInvocation } from "../run.ts";

/** Options of a followed run. */
export interface FollowOptions {
  flags: RunInvocation["flags"];
  attached: ReadonlySet<StreamName>;
  stdin: boolean;
}

/** Follows a run until the container exits or runs detached. Returns the exit status. */
export async function followRun(run: RunStream, options: FollowOptions): Promise<number | "image-missing"> {
  const { flags, attached } = options;
  const writeOutput = openOutput();
  let progress: ProgressPrinter | undefined;
  let container = "";
  using session = openRunSession(run, options, () => flags.name ?? container.slice(0, 12));
  for await (const message of run.messages) {
    switch (message.event) {
      case "progress":
        if (flags.quiet) break;
        progress ??= await (await import("../../../progress/printer.ts")).openProgress("stderr");
        await progress.show({ ...message.progress });
        break;
      case "created":
        container = message.id;
        for (const warning of message.warnings) printWarning(warning);
        if (flags.cidfile !== undefined) {
          (await import("./cid-file.ts")).writeCidFile(flags.cidfile, message.id);
        }
        session.holdSignals();
        break;
      case "started":
        if (flags.detach) {
          run.close();
          await print(`${container}\n`);
          return 0;
        }
        if (!attached.has("stdout") && !attached.has("stderr")) await print(`${container}\n`);
        await session.begin();
        session.forwardSignals();
        break;
      case "output":
        await writeOutput(message.stream, message.bytes);
        break;
      case "exited":
        return message.code;
      case "error":
        if (isMissingImage(message)) return "image-missing";
        throw new ExitError(message.message, message.exitCode);
    }
  }
  if (session.detached) return endDetached(session);
  throw new TboxError("unavailable", "the daemon ended the connection before the container ended");
}

/** Tests whether an image is missing. A daemon of an older version, which may run after an upgrade, sends no code. */
export function isMissingImage({ code, status, message }: RunFailure): boolean {
  return code === "missing-image" || (status === 404 && message.startsWith("No such image"));
}

function openRunSession(run: RunStream, { flags, stdin }: FollowOptions, container: () => string): Session {
  return openSession(
    {
      writeInput: run.writeInput,
      endInput: run.endInput,
      resize: ({ columns, rows }) => run.send({ control: "resize", columns, rows }),
      signal: (signal) => run.send({ control: "signal", signal }),
      close: run.close,
    },
    {
      stdin,
      tty: flags.tty,
      detachKeys: flags["detach-keys"],
      signals: flags["sig-proxy"] && !flags.detach ? { container } : undefined,
    },
  );
}
