import { TboxError } from "#support/errors.ts";
import { errnoOf, FailureError } from "./failure.ts";
import { builtFile } from "./files.ts";
import {
  type FromZygote,
  fromZygoteSchema,
  type Mapping,
  protocolVersion,
  type ToZygote,
  withoutType,
} from "./protocol.ts";
import { type Channel, type ChannelListener, connectChannel, keepAlive } from "./reactor.ts";

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
  pid: number;
  /** False as soon as the zygote is known to have died. */
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
  throw new TboxError("unavailable", `nobody listens at ${socketPath(place)} though the zygote has started`);
}

/** Nothing when no zygote listens. */
async function greet(place: ZygotePlace): Promise<ZygoteConnection | undefined> {
  const welcome = Promise.withResolvers<Welcome>();
  let open = true;
  const channel = connect(place, {
    message(text) {
      const message = fromZygoteSchema.parse(JSON.parse(text));
      if (message.type === "welcome") return welcome.resolve(message);
      welcome.reject(new FailureError(withoutType(message)));
    },
    closed(reason) {
      open = false;
      welcome.reject(new TboxError("unavailable", `the zygote closed the connection${suffix(reason)}`));
    },
  });
  if (!channel) return undefined;
  using _ = keepAlive();
  const late = () => welcome.reject(new TboxError("unavailable", "the zygote does not answer"));
  const timer = setTimeout(late, patience);
  const close = () => {
    open = false;
    channel.close();
  };
  const send = (message: ToZygote, descriptors: number[]) => {
    channel.send(JSON.stringify(message), descriptors);
  };
  try {
    send({ type: "hello" }, []);
    const { version, pid, mapping, cgroupNamespace } = await welcome.promise;
    if (version !== protocolVersion) {
      const message = `the zygote speaks version ${version} of the protocol, not ${protocolVersion}`;
      throw new TboxError("unavailable", message);
    }
    return { mapping, cgroupNamespace, pid, isOpen: () => open, send, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The program ends once its zygote accepts connections, or prints why it cannot. */
async function startZygote({ store, run, helper = builtFile("tbox-helper") }: ZygotePlace): Promise<void> {
  let child: Bun.Subprocess<"ignore", "pipe", "ignore">;
  try {
    child = Bun.spawn([helper, "zygote", "--store", store, "--run", run], {
      cwd: "/",
      // Nothing of the user's environment is to reach a process that containers descend from.
      env: {},
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
  } catch (cause) {
    throw new TboxError("unavailable", `cannot run ${helper}: build it with npm run build`, { cause });
  }
  if ((await child.exited) === 0) return;
  const line = (await child.stdout.text()).trim();
  const reason = line || `${helper} ended with ${child.signalCode ?? `code ${child.exitCode}`}`;
  throw new TboxError("unavailable", `cannot start the zygote: ${reason}`);
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

function suffix(reason: string | undefined): string {
  return reason === undefined ? "" : `: ${reason}`;
}
