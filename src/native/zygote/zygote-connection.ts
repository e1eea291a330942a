import { TboxError } from "#support/errors.ts";
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
import { isManaged, scoped } from "../cgroup/scope.ts";
import {
  type FromZygote,
  fromZygoteSchema,
  type Mapping,
  protocolVersion,
  type ToZygote,
  withoutType,
} from "./protocol.ts";

type Welcome = Extract<FromZygote, { type: "welcome" }>;

export interface ZygotePlace {
  /** Directory of the store. */
  store: string;
  /** Directory of the sockets. */
  run: string;
  /** The helper program; the built one when absent. */
  helper?: string;
}

export interface ZygoteConnection {
  mapping: Mapping;
  cgroupNamespace: boolean;
  delegation: Delegation;
  pid: number;
  /** False as soon as the zygote has died: a fork of it may hold its socket for a moment, and nobody read it. */
  isOpen(): boolean;
  send(message: ToZygote, descriptors: number[]): void;
  close(): void;
}

const socketName = `zygote-${protocolVersion}.sock`;

/** How long a zygote may take to answer a greeting, in milliseconds. */
const patience = 10_000;

/** Connects to the zygote that runs, or starts one. */
export async function connectZygote(place: ZygotePlace): Promise<ZygoteConnection> {
  const running = await greet(place);
  if (running) return running;
  await startZygote(place);
  const started = await greet(place);
  if (started) return started;
  throw new TboxError("unavailable", `nobody answers at ${socketPath(place)} though the zygote has started`);
}

/** Nothing when no zygote listens, or the one that did ends. */
async function greet(place: ZygotePlace): Promise<ZygoteConnection | undefined> {
  const welcome = Promise.withResolvers<Welcome | undefined>();
  let open = true;
  const channel = connect(place, {
    message(text) {
      const message = fromZygoteSchema.parse(JSON.parse(text));
      if (message.type === "welcome") return welcome.resolve(message);
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
  const late = () => welcome.reject(new TboxError("unavailable", "the zygote does not answer"));
  const timer = setTimeout(late, patience);
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
    const delegation = await prepareDelegation({ proc: "/proc", process: pid, managed: isManaged() });
    const isOpen = () => open && zygote.isRunning();
    const owned = resources.move();
    const close = () => {
      open = false;
      owned.dispose();
    };
    return { mapping, cgroupNamespace, delegation, pid, isOpen, send, close };
  } catch (error) {
    // Closed before it was sent to, or gone before it was watched.
    if (["EPIPE", "ESRCH"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a zygote, in a systemd scope of its own where there can be one. */
async function startZygote({ store, run, helper = builtFile("tbox-helper") }: ZygotePlace): Promise<void> {
  const command = [helper, "zygote", "--store", store, "--run", run];
  const scope = scoped(command, process.getuid?.() ?? -1);
  // A user's systemd that makes no scope leaves a zygote in the daemon's own cgroup, whose limits are what they are.
  if (scope && (await runToEnd(scope.command, scope.environment)) === undefined) return;
  // Nothing of the user's environment is to reach a process that containers descend from.
  const reason = await runToEnd(command, {});
  if (reason !== undefined) throw new TboxError("unavailable", `cannot start the zygote: ${reason}`);
}

/** The helper ends once its zygote accepts connections, or prints why it cannot: that is given back. */
async function runToEnd(command: string[], env: Record<string, string>): Promise<string | undefined> {
  const [program] = command;
  let child: Bun.Subprocess<"ignore", "pipe", "ignore">;
  try {
    child = Bun.spawn(command, { cwd: "/", env, stdio: ["ignore", "pipe", "ignore"], detached: true });
  } catch (cause) {
    throw new TboxError("unavailable", `cannot run ${program}: build it with npm run build`, { cause });
  }
  if ((await child.exited) === 0) return undefined;
  const line = (await child.stdout.text()).trim();
  return line || `${program} ended with ${child.signalCode ?? `code ${child.exitCode}`}`;
}

function connect(place: ZygotePlace, listener: ChannelListener): Channel | undefined {
  try {
    return connectChannel(place.run, socketName, listener);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw new TboxError("unavailable", `connect to the zygote at ${socketPath(place)}`, { cause });
  }
}

function socketPath({ run }: ZygotePlace): string {
  return `${run}/${socketName}`;
}
