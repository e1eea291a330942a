import { brokenPipeExitCode, ExitError } from "./exit.ts";

/** A line on standard error: with the program's name before it, or as it is. */
export function printError(message: string, style: "named" | "bare" = "named"): void {
  console.error(style === "named" ? `tbox: ${message}` : message);
}

/** Writes to standard output; a reader that has gone ends the command quietly. */
export async function print(text: string): Promise<void> {
  if (text === "") return;
  try {
    await Bun.write(Bun.stdout, text);
  } catch (error) {
    throw isBrokenPipe(error) ? new ExitError("", brokenPipeExitCode) : error;
  }
}

export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

/** A standard stream that takes bytes as fast as its reader does. */
export interface ByteSink {
  /** Resolves when the kernel has taken all; bytes are never changed, split at lines or coloured. */
  write(bytes: Uint8Array): Promise<void>;
}

export function openByteSink(stream: "stdout" | "stderr"): ByteSink {
  const writer = Bun[stream].writer();
  return {
    async write(bytes) {
      const written = writer.write(bytes);
      // Both may be pending: neither failing later may go unheard.
      const flushed = writer.flush();
      if (written instanceof Promise || flushed instanceof Promise) await Promise.all([written, flushed]);
    },
  };
}
