import { remoteCaller } from "#client/caller/remote-caller.ts";
import type { DetachFilter } from "#support/detach-keys.ts";

/** The receiver of a program's input. */
export interface InputTarget {
  /** Resolves when the target takes more input. */
  writeInput(bytes: Uint8Array): Promise<void>;
  endInput(): void;
}

/**
 * Copies standard input to the target until the input ends, then ends the target's input. Returns `detached` as soon as
 * the filter finds the detach keys. A closed standard input counts as empty.
 */
export async function copyInput(target: InputTarget, filter?: DetachFilter): Promise<"ended" | "detached"> {
  try {
    for await (const chunk of remoteCaller()?.input() ?? Bun.stdin.stream()) {
      const { bytes, detached } = filter?.feed(chunk) ?? { bytes: chunk, detached: false };
      if (bytes.length > 0) await target.writeInput(bytes);
      if (detached) return "detached";
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  target.endInput();
  return "ended";
}

/** Returns whether standard input is closed (EBADF) or a terminal that hung up (EIO). */
export function isUnreadable(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EBADF" || error.code === "EIO");
}
