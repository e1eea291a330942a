import { closeSync, existsSync, rmSync } from "node:fs";
import { repeatFor } from "#support/concurrency/repeat-for.ts";
import { TboxError } from "#support/errors.ts";
import { jsonOrUndefined } from "#support/json.ts";
import { openLog } from "#support/log.ts";
import { errnoOf, FailureError } from "../addon/failure.ts";
import { builtFile } from "../addon/files.ts";
import {
  type Channel,
  type ChannelListener,
  connectChannel,
  keepAlive,
  watchProcess,
} from "../addon/reactor.ts";
import { type Delegation, prepareDelegation } from "../cgroup/delegation.ts";
import { isManagedBySystemd, withScope } from "../cgroup/scope.ts";
import { type Failure, failureSchema } from "../protocol/failure.ts";
import { withoutType } from "../protocol/message.ts";
import {
  type FromZygote,
  fromZygoteSchema,
  type Mapping,
  protocolVersion,
  type ToZygote,
} from "../protocol/zygote.ts";
import { continueZygote, endOtherZygotes, isExiting, openCommandLine, wakeZygote } from "./wake.ts";

type Welcome = Extract<FromZygote, { type: "welcome" }>;

export interface ZygoteOptions {
  /** Directory of the store. */
  store: string;
  /** Directory of the sockets. */
  run: string;
  /** The helper program; the built one when absent. */
  helper?: string;
  networks: NetworkReports;
}

/** Reports about network namespaces, by their numbers. */
export interface NetworkReports {
  /** The zygote can make the other report about a new namespace. */
  traced: (sandbox: number) => void;
  /** The container in a namespace has ended and has left nothing there. */
  unused: (sandbox: number) => void;
}

export interface ZygoteConnection {
  mapping: Mapping;
  cgroupNamespace: boolean;
  delegation: Delegation;
  pid: number;
  /**
   * Tests whether the zygote is running. An open socket is no proof: a fork or the exiting zygote itself may hold it open
   * for a moment.
   */
  isOpen(): boolean;
  send(message: ToZygote, descriptors: number[]): void;
  /** Continues the zygote if a signal has stopped it. */
  resume(): void;
  close(): void;
}

const socketName = `zygote-${protocolVersion}.sock`;

/** Milliseconds without an answer after which a stopped helper is continued. */
export const answerTime = 5000;

/** Time limit for the answer to a greeting, in milliseconds. */
const patience = 10_000;

/** Time that a zygote has to create its socket again, in milliseconds. */
const wakeTimeout = 2000;

/**
 * Time that another zygote has to listen or to end, in milliseconds: one that a killed daemon has just started, or one that
 * was killed.
 */
const lockTimeout = 5000;

/** Connects to the running zygote, or starts one. */
export async function connectZygote(options: ZygoteOptions): Promise<ZygoteConnection> {
  const running = (await greet(options)) ?? (await greetAgain(options));
  if (running) return running;
  const outdated = endOtherZygotes(options.store);
  let problem: string | undefined;
  const started = await repeatFor(lockTimeout, async () => {
    const outcome = await startZygote(options);
    problem = outcome === "locked" ? "another one has the run directory, but does not listen" : undefined;
    return greet(options);
  });
  for (const record of outdated) rmSync(record, { force: true });
  if (started) return started;
  const reason = problem ?? "it has started, but does not listen";
  throw new TboxError("unavailable", `cannot start the zygote: ${reason} at ${socketPath(options)}`);
}

/** Connects to a running zygote whose socket was removed; returns undefined when none runs. */
async function greetAgain(options: ZygoteOptions): Promise<ZygoteConnection | undefined> {
  return wakeZygote(options.store) ? repeatFor(wakeTimeout, () => greet(options)) : undefined;
}

/** Makes a running zygote create its socket again. The socket exists when the call returns. */
export async function listenAgain(options: ZygoteOptions): Promise<void> {
  if (!wakeZygote(options.store)) return;
  const listens = await repeatFor(wakeTimeout, async () => existsSync(socketPath(options)) || undefined);
  if (!listens) throw new TboxError("unavailable", `the zygote did not create ${socketPath(options)} again`);
}

/** Connects and greets; returns undefined when no zygote listens, or when it exits. */
async function greet(options: ZygoteOptions): Promise<ZygoteConnection | undefined> {
  const welcome = Promise.withResolvers<Welcome | undefined>();
  let open = true;
  const channel = connect(options, {
    message(text) {
      const message = fromZygoteSchema.parse(JSON.parse(text));
      if (message.type === "welcome") return welcome.resolve(message);
      if (message.type === "traced" || message.type === "unused") {
        return options.networks[message.type](message.sandbox);
      }
      if (message.type === "listening") throw new Error("the zygote sends it on another channel");
      welcome.reject(new FailureError(withoutType(message)));
    },
    closed(reason) {
      open = false;
      if (reason === undefined) return welcome.resolve(undefined);
      welcome.reject(new TboxError("unavailable", `the zygote closed the connection: ${reason}`));
    },
  });
  if (!channel) return undefined;
  using _ = keepAlive();
  const expire = () => welcome.reject(new TboxError("unavailable", "the zygote does not answer"));
  const timer = setTimeout(expire, patience);
  const resume = () => {
    if (continueZygote(options.store))
      openLog("daemon").warn("the zygote was stopped by a signal, and continues");
  };
  const resuming = setTimeout(resume, answerTime);
  using resources = new DisposableStack();
  resources.defer(() => channel.close());
  const send = (message: ToZygote, descriptors: number[]) => {
    channel.send(JSON.stringify(message), descriptors);
  };
  try {
    send({ type: "hello" }, []);
    const answer = await welcome.promise;
    if (!answer) return undefined;
    const { version, pid, mapping, cgroupNamespace } = answer;
    if (version !== protocolVersion) {
      const message = `the zygote speaks version ${version} of the protocol, not ${protocolVersion}`;
      throw new TboxError("unavailable", message);
    }
    const zygote = resources.use(watchProcess(pid));
    const commandLine = openCommandLine(pid);
    if (commandLine !== undefined) resources.defer(() => closeSync(commandLine));
    const delegation = await prepareDelegation({
      proc: "/proc",
      process: pid,
      managed: isManagedBySystemd(),
    });
    const hasEnded = () => (commandLine === undefined ? !zygote.isRunning() : isExiting(commandLine));
    const isOpen = () => open && !hasEnded();
    const owned = resources.move();
    const close = () => {
      open = false;
      owned.dispose();
    };
    return { mapping, cgroupNamespace, delegation, pid, isOpen, send, resume, close };
  } catch (error) {
    // The zygote exited before the greeting or before the watch.
    if (["EPIPE", "ESRCH"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    clearTimeout(resuming);
  }
}

/** Starts a zygote, in a separate systemd scope where possible, unless another one has the run directory. */
async function startZygote({
  store,
  run,
  helper = builtFile("tbox-helper"),
}: ZygoteOptions): Promise<"started" | "locked"> {
  const command = [helper, "zygote", "--store", store, "--run", run];
  const scope = withScope(command, process.getuid?.() ?? -1);
  // Without a scope the zygote runs in the daemon's cgroup and has only the controllers of that cgroup.
  if (scope && (await runStarter(scope.command, scope.environment)) === undefined) return "started";
  // The environment is empty because the zygote is an ancestor of all containers.
  const failure = await runStarter(command, {});
  if (failure === undefined) return "started";
  if (failure.step === "lock" && failure.errno === tryAgain) return "locked";
  throw new TboxError("unavailable", `cannot start the zygote: ${failure.message}`);
}

/** Number of the error of a lock that is taken. */
const tryAgain = 11;

/** Runs a command that exits once the zygote accepts connections; returns its failure, if any. */
async function runStarter(
  command: string[],
  env: Record<string, string>,
): Promise<(Pick<Failure, "message"> & Partial<Failure>) | undefined> {
  const [program] = command;
  let child: Bun.Subprocess<"ignore", "pipe", "ignore">;
  try {
    child = Bun.spawn(command, { cwd: "/", env, stdio: ["ignore", "pipe", "ignore"], detached: true });
  } catch (cause) {
    throw new TboxError("unavailable", `cannot run ${program}: run npm run build`, { cause });
  }
  if ((await child.exited) === 0) return undefined;
  const line = (await child.stdout.text()).trim();
  const { data: failure } = failureSchema.safeParse(jsonOrUndefined(line));
  const end = child.signalCode ?? `code ${child.exitCode}`;
  return failure ?? { message: line || `${program} exited with ${end}` };
}

function connect(options: ZygoteOptions, listener: ChannelListener): Channel | undefined {
  try {
    return connectChannel(options.run, socketName, listener);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw new TboxError("unavailable", `connect to the zygote at ${socketPath(options)}`, { cause });
  }
}

function socketPath({ run }: ZygoteOptions): string {
  return `${run}/${socketName}`;
}
