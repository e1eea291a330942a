import type { DetachFilter } from "#support/detach-keys.ts";

export interface InputTarget {
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
}

/**
 * Copies standard input until it ends, and then ends the target's. Gives `detached` when the keys to leave
 * were typed. A standard input that is closed is an empty one.
 */
export async function copyInput(target: InputTarget, filter?: DetachFilter): Promise<"ended" | "detached"> {
  try {
    for await (const chunk of Bun.stdin.stream()) {
      const { bytes, detached } = filter?.feed(chunk) ?? { bytes: chunk, detached: false };
      if (bytes.length > 0) await target.write(bytes);
      if (detached) return "detached";
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  target.end();
  return "ended";
}

/** Closed (EBADF), or a terminal that hung up (EIO). */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EBADF" || error.code === "EIO");
}
