import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { FailureError } from "#native/failure.ts";
import type { Attachment, Exec } from "#native/protocol.ts";
import { errorChain, TboxError } from "#support/errors.ts";
import { type Fleet, isRunning } from "./fleet.ts";
import { planExec } from "./plan-exec.ts";

/** What is asked of one more program (Docker's ExecConfig). */
export interface ExecRequest {
  Cmd: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
  Tty?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  /** Rows and columns. */
  ConsoleSize?: [number, number];
}

export interface ExecRecord {
  id: string;
  containerId: string;
  request: ExecRequest;
  running: boolean;
  /** Nothing until it has ended. */
  exitCode: number | undefined;
  /** On the host; 0 unless it runs. */
  pid: number;
}

export interface StartedExec {
  /** Docker's frames without a terminal, bytes as they are with one; nothing when nothing is attached. */
  stream: Duplex | undefined;
  /** Settles when the record says how the program ended. */
  ended: Promise<void>;
}

/** Programs that are started in containers that run. They are forgotten with their container or the daemon. */
export interface Execs {
  /** Throws conflict unless the container runs. */
  create(container: string, request: ExecRequest): string;
  /** Throws not-found. */
  get(id: string): ExecRecord;
  /** IDs of a container's programs that run. */
  running(containerId: string): string[];
  /** Starts one, once. A program that cannot be executed is an end with 126 or 127, as of Docker's. */
  start(id: string, options: { detach: boolean }): Promise<StartedExec>;
  resize(id: string, size: { columns: number; rows: number }): void;
}

interface Companion {
  record: ExecRecord;
  resize: (columns: number, rows: number) => void;
}

export function openExecs(fleet: Fleet): Execs {
  const all = new Map<string, Companion>();

  function find(id: string): Companion {
    const found = all.get(id);
    const known = found && fleet.records.all().some((record) => record.id === found.record.containerId);
    if (found && known) return found;
    all.delete(id);
    throw new TboxError("not-found", `No such exec instance: ${id}`);
  }

  async function launch(companion: Companion, detach: boolean): Promise<StartedExec> {
    const { record } = companion;
    const plan: Exec = planExec(runningContainer(fleet, record.containerId), record.request);
    const attachments = detach ? [] : attachmentsOf(record.request);
    const { monitor, streams } = await fleet.zygote.exec(plan, { attachments });
    const end = (code: number) => {
      Object.assign(record, { running: false, exitCode: code, pid: 0 });
      monitor[Symbol.dispose]();
    };
    try {
      record.pid = (await monitor.started).pid;
    } catch (error) {
      for (const stream of streams) stream.destroy();
      end(exitCodeOf(error));
      throw error;
    }
    record.running = true;
    companion.resize = monitor.resize;
    const ended = monitor.exited.then(
      ({ code }) => end(code),
      () => end(255),
    );
    return { stream: streams[0], ended };
  }

  return {
    create(container, request) {
      const { id: containerId } = runningContainer(fleet, container);
      if (request.Cmd.length === 0) throw new TboxError("invalid-argument", "no exec command specified");
      for (const [id, { record }] of all) {
        const gone = !fleet.records.all().some((one) => one.id === record.containerId);
        if (gone) all.delete(id);
      }
      const id = randomBytes(32).toString("hex");
      const record = { id, containerId, request, running: false, exitCode: undefined, pid: 0 };
      all.set(id, { record, resize: () => {} });
      return id;
    },
    get: (id) => find(id).record,
    running: (containerId) =>
      [...all.values()].flatMap(({ record }) =>
        record.running && record.containerId === containerId ? [record.id] : [],
      ),
    async start(id, { detach }) {
      const companion = find(id);
      const { record } = companion;
      if (record.running || record.exitCode !== undefined) {
        throw new TboxError("conflict", `exec instance ${id} has run already`);
      }
      return launch(companion, detach);
    },
    resize(id, { columns, rows }) {
      const { record, resize } = find(id);
      if (!record.running) throw new TboxError("conflict", `exec instance ${id} is not running`);
      resize(columns, rows);
    },
  };
}

/** Why a program could not be started, in the words of Docker's runtime; nothing when it is no such failure. */
export function unstartable(error: unknown): string | undefined {
  const known = error instanceof FailureError && exitCodes[error.failure.kind] !== undefined;
  if (!known) return undefined;
  const reason = errorChain(error);
  return `OCI runtime exec failed: exec failed: unable to start container process: ${reason}: unknown`;
}

const exitCodes: Record<string, number> = { "command-not-found": 127, "command-not-executable": 126 };

function exitCodeOf(error: unknown): number {
  return (error instanceof FailureError && exitCodes[error.failure.kind]) || 126;
}

function runningContainer(fleet: Fleet, name: string) {
  const record = fleet.records.find(name);
  if (record.state.status === "paused") {
    throw new TboxError("conflict", `container ${record.name} is paused, unpause the container before exec`);
  }
  if (!isRunning(record)) throw new TboxError("conflict", `container ${record.id} is not running`);
  return record;
}

function attachmentsOf({
  Tty = false,
  AttachStdin = false,
  AttachStdout = false,
  AttachStderr = false,
}: ExecRequest): Attachment[] {
  if (!AttachStdin && !AttachStdout && !AttachStderr) return [];
  const framing = Tty ? "raw" : "multiplexed";
  return [{ stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr, framing }];
}
