import type { RunControl, RunEvent } from "#api/streams/run-stream.ts";

/** An event or a chunk of output. */
export type RunMessage = RunEvent | { event: "output"; stream: "stdout" | "stderr"; bytes: Uint8Array };

/** One run over one connection. `messages` ends when the daemon closes the connection. */
export interface RunStream {
  messages: AsyncIterable<RunMessage>;
  /** Resolves when the kernel has accepted the bytes. */
  writeInput(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  send(control: RunControl): void;
  /** Closes the connection; the container keeps running. */
  close(): void;
}
