import { remoteCaller } from "#client/caller/remote-caller.ts";
import { brokenPipeExitCode, ExitError } from "./exit.ts";
import { failureMessage } from "./failure.ts";
import { isBrokenPipe } from "./output.ts";
import { forStream } from "./visible.ts";

/** A standard stream with back-pressure: a write waits until the reader has accepted the bytes. */
export interface ByteSink {
  /** Resolves when the kernel has taken all bytes. Writes them unchanged. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Opens a standard stream for bytes. */
export function openByteSink(stream: "stdout" | "stderr"): ByteSink {
  const caller = remoteCaller();
  if (caller !== undefined) return { write: (bytes) => caller.write(stream, bytes) };
  const writer = Bun[stream].writer();
  return {
    async write(bytes) {
      const written = writer.write(bytes);
      const flushed = writer.flush();
      // Both can be pending. Awaiting both handles a failure of either.
      if (written instanceof Promise || flushed instanceof Promise) await Promise.all([written, flushed]);
    },
  };
}

/** Writes text to standard error, after everything written before through a sink, like `printError`. */
export async function writeStandardError(text: string): Promise<void> {
  if (text === "") return;
  await openByteSink("stderr").write(new TextEncoder().encode(forStream(text, "stderr")));
}

/** Writes a container's output to a standard stream of this program. */
export type OutputWriter = (stream: "stdout" | "stderr", bytes: Uint8Array) => Promise<void>;

/** Opens standard output and standard error for a container's output. A closed pipe ends the command quietly. */
export function openOutput(): OutputWriter {
  const sinks: { stdout?: ByteSink; stderr?: ByteSink } = {};
  return async (stream, bytes) => {
    sinks[stream] ??= openByteSink(stream);
    try {
      await sinks[stream].write(bytes);
    } catch (error) {
      if (isBrokenPipe(error)) throw new ExitError("", brokenPipeExitCode);
      throw new ExitError(`cannot write to ${stream}: ${failureMessage(error)}`, 125, { cause: error });
    }
  };
}
