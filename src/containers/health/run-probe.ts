import { finished } from "node:stream/promises";
import type { Execs } from "../exec/execs.ts";

const nanosecondsPerSecond = 1_000_000_000;

/** Bytes of a probe's output that are kept. */
const outputLimit = 4096;

export interface ProbeCommand {
  /** Program and arguments. */
  Cmd: string[];
  /** Nanoseconds. */
  timeout: number;
}

/**
 * Runs the command of a health check in a container. The exit status is -1 after a timeout or a failed start. Throws
 * conflict unless the container runs.
 */
export async function runProbe(
  execs: Execs,
  container: string,
  { Cmd, timeout }: ProbeCommand,
): Promise<{ exitCode: number; output: string }> {
  const id = execs.create(container, { Cmd, AttachStdout: true, AttachStderr: true });
  let output = "";
  try {
    const { stream, ended } = await execs.start(id, { detach: false, framing: "raw" });
    const expired = Promise.withResolvers<"expired">();
    const timer = setTimeout(() => expired.resolve("expired"), timeout / 1_000_000);
    stream?.on("data", (bytes: Buffer) => {
      if (output.length < outputLimit) output += bytes.toString();
    });
    const drained = stream && finished(stream.resume(), { writable: false }).catch(() => {});
    const outcome = await Promise.race([Promise.all([ended, drained]), expired.promise]);
    clearTimeout(timer);
    if (outcome === "expired") {
      execs.kill(id);
      stream?.destroy();
      const text = `Health check exceeded timeout (${formatTimeout(timeout)})`;
      return { exitCode: -1, output: (output ? `${text}: ${output}` : text).slice(0, outputLimit) };
    }
    return { exitCode: execs.get(id).exitCode ?? -1, output: output.slice(0, outputLimit) };
  } catch (error) {
    return { exitCode: -1, output: String(error instanceof Error ? error.message : error) };
  }
}

/** Formats nanoseconds like Go: `50ms`, `1.5s`. */
function formatTimeout(timeout: number): string {
  return timeout < nanosecondsPerSecond ? `${timeout / 1_000_000}ms` : `${timeout / nanosecondsPerSecond}s`;
}
