import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Monitor } from "#native/monitor/monitor.ts";
import type { Attachment, Exec } from "#native/zygote/protocol.ts";
import { errorChain, invalidArgument, TboxError } from "#support/errors.ts";
import { programFailureCode } from "../lifecycle/program-failure.ts";
import { openContainerCgroup } from "../limits/cgroups.ts";
import { linkedEnvironment } from "../networking/links.ts";
import { type Fleet, isRunning } from "../services.ts";
import { planExec } from "./plan-exec.ts";

/** What is asked of one more program (Docker's ExecConfig). */
export interface ExecRequest {
  Cmd: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
  Tty?: boolean;
  /** With every capability, and no filter of system calls. */
  Privileged?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  /** Rows and columns. */
  ConsoleSize?: [number, number];
  /** Keys that part a client from its terminal. */
  DetachKeys?: string;
}

export interface ExecRecord {
  id: string;
  containerId: string;
  request: ExecRequest;
  running: boolean;
  /** Nothing until it has ended. */
  exitCode: number | undefined;
  /** On the host, also of one that has ended; 0 before it runs. */
  pid: number;
}

export interface StartedExec {
  /** Nothing when nothing is attached. */
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
  /** The same of one that can be started: throws conflict when it has been, not-found after its container's end. */
  startable(id: string): ExecRecord;
  /** Starts one, once. A program that cannot be executed is an end with 126 or 127, as of Docker's. */
  start(id: string, options: StartExecOptions): Promise<StartedExec>;
  /** Ends a program at once; nothing when it does not run. */
  kill(id: string): void;
  resize(id: string, size: { columns: number; rows: number }): void;
}

export interface StartExecOptions {
  /** Nobody wants its streams. */
  detach: boolean;
  /** Docker's frames, or bytes as they are. */
  framing: Attachment["framing"];
}

interface Companion {
  record: ExecRecord;
  /** Of its container: the start that it belongs to. */
  startedAt: string;
  monitor: Pick<Monitor, "resize" | "signal"> | undefined;
}

export function openExecs(fleet: Fleet): Execs {
  const all = new Map<string, Companion>();

  function find(id: string): Companion {
    const found = all.get(id);
    const known = found && fleet.records.withId(found.record.containerId);
    if (found && known) return found;
    all.delete(id);
    throw new TboxError("not-found", `No such exec instance: ${id}`);
  }

  function startable(id: string): Companion {
    const companion = find(id);
    const { containerId, running, exitCode } = companion.record;
    if (running || exitCode !== undefined) {
      throw new TboxError("conflict", `exec instance ${id} has run already`);
    }
    const owner = fleet.records.find(containerId);
    // A container that starts anew has none of what was to run in it before.
    if (!isRunning(owner) || owner.state.startedAt !== companion.startedAt) {
      all.delete(id);
      throw new TboxError("not-found", `No such exec instance: ${id}`);
    }
    return companion;
  }

  async function launch(companion: Companion, { detach, framing }: StartExecOptions): Promise<StartedExec> {
    const { record } = companion;
    const container = runningContainer(fleet, record.containerId);
    const plan: Exec = planExec(container, record.request, linkedEnvironment(fleet, container));
    const attachments = detach ? [] : attachmentsOf(record.request, framing);
    const attributes = { execID: record.id };
    fleet.notify(`exec_start: ${record.request.Cmd.join(" ")}`, container, attributes);
    const { monitor, streams } = await fleet.zygote.exec(plan, {
      attachments,
      cgroup: () => openContainerCgroup(container),
    });
    const end = (code: number) => {
      Object.assign(record, { running: false, exitCode: code });
      companion.monitor = undefined;
      monitor[Symbol.dispose]();
      fleet.notify("exec_die", container, { ...attributes, exitCode: String(code) });
    };
    try {
      record.pid = (await monitor.started).pid;
    } catch (error) {
      for (const stream of streams) stream.destroy();
      end(programFailureCode(error) ?? 126);
      throw error;
    }
    record.running = true;
    companion.monitor = monitor;
    // No kernel ends it with the container where the pid namespace is another's.
    const { exits } = fleet.companion(record.containerId);
    const outlived = () => companion.monitor?.signal(9);
    if (container.hostConfig.PidMode) exits.add(outlived);
    const ended = monitor.exited
      .then(
        ({ code }) => end(code),
        () => end(255),
      )
      .finally(() => exits.delete(outlived));
    return { stream: streams[0], ended };
  }

  return {
    create(container, request) {
      const owner = runningContainer(fleet, container);
      const { id: containerId } = owner;
      if (request.Cmd.length === 0) throw invalidArgument("No exec command specified");
      for (const [id, { record }] of all) {
        const gone = !fleet.records.all().some((one) => one.id === record.containerId);
        if (gone) all.delete(id);
      }
      const id = randomBytes(32).toString("hex");
      const record = { id, containerId, request, running: false, exitCode: undefined, pid: 0 };
      all.set(id, { record, startedAt: owner.state.startedAt, monitor: undefined });
      fleet.notify(`exec_create: ${request.Cmd.join(" ")}`, owner, { execID: id });
      return id;
    },
    get: (id) => find(id).record,
    running: (containerId) =>
      [...all.values()].flatMap(({ record }) =>
        record.running && record.containerId === containerId ? [record.id] : [],
      ),
    startable: (id) => startable(id).record,
    start: async (id, options) => launch(startable(id), options),
    kill: (id) => find(id).monitor?.signal(9),
    resize(id, { columns, rows }) {
      const { monitor } = find(id);
      if (!monitor) throw new TboxError("conflict", `exec instance ${id} is not running`);
      monitor.resize(columns, rows);
    },
  };
}

/** Why a program could not be started, in the words of Docker's runtime; nothing when it is no such failure. */
export function unstartable(error: unknown): string | undefined {
  if (programFailureCode(error) === undefined) return undefined;
  const reason = errorChain(error);
  return `OCI runtime exec failed: exec failed: unable to start container process: ${reason}: unknown`;
}

function runningContainer(fleet: Fleet, name: string) {
  const record = fleet.records.find(name);
  if (record.state.status === "paused") {
    throw new TboxError("conflict", `container ${record.name} is paused, unpause the container before exec`);
  }
  if (!isRunning(record)) throw new TboxError("conflict", `container ${record.id} is not running`);
  return record;
}

function attachmentsOf(
  { AttachStdin = false, AttachStdout = false, AttachStderr = false }: ExecRequest,
  framing: Attachment["framing"],
): Attachment[] {
  if (!AttachStdin && !AttachStdout && !AttachStderr) return [];
  return [{ stdin: AttachStdin, stdout: AttachStdout, stderr: AttachStderr, framing }];
}
