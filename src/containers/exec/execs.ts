import type { Duplex } from "node:stream";
import type { Attachment } from "#native/protocol/monitor.ts";

/** Fields of Docker's ExecConfig. */
export interface ExecRequest {
  Cmd: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
  Tty?: boolean;
  /** Grants every capability and removes the seccomp filter. */
  Privileged?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  /** Rows and columns. */
  ConsoleSize?: [number, number];
  /** Key sequence that detaches a client from the terminal. */
  DetachKeys?: string;
}

export interface ExecRecord {
  id: string;
  containerId: string;
  request: ExecRequest;
  running: boolean;
  /** Absent before the exit. */
  exitCode: number | undefined;
  /** Process ID on the host, kept after the exit; 0 before the start. */
  pid: number;
}

export interface StartedExec {
  /** Absent when the request attaches no stream. */
  stream: Duplex | undefined;
  /** Resolves when the record has the exit status. */
  ended: Promise<void>;
}

export interface StartExecOptions {
  /** Discards the program's streams. */
  detach: boolean;
  /** Docker's frames, or raw bytes. */
  framing: Attachment["framing"];
}

/** Programs started in running containers. The daemon forgets an exec ten minutes after its exit, or with its container. */
export interface Execs {
  /** Creates an exec and returns its ID. Throws conflict unless the container runs. */
  create(container: string, request: ExecRequest): string;
  /** Throws not-found for an unknown exec. */
  get(id: string): ExecRecord;
  /** Returns the IDs of a container's running execs. */
  running(containerId: string): string[];
  /** Returns an exec that can start. Throws conflict after its start, and not-found after its container's exit. */
  startable(id: string): ExecRecord;
  /**
   * Starts an exec, once. If the program cannot be executed, the exec gets the exit status 126 or 127, as in Docker,
   * and the call throws.
   */
  start(id: string, options: StartExecOptions): Promise<StartedExec>;
  /** Publishes the event of a client that has typed the detach keys. */
  reportDetach(id: string): void;
  /** Sends SIGKILL to a running exec. */
  kill(id: string): void;
  /** Resizes the terminal of a running exec. */
  resize(id: string, size: { columns: number; rows: number }): void;
}
