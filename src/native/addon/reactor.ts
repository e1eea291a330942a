import { type Addon, addon, type EventKind } from "./addon.ts";

/** A connection of datagrams, one message each, that descriptors ride along with. */
export interface Channel {
  /** Queues when the peer does not read; the descriptors are copied. Throws EPIPE when it is closed. */
  send(text: string, descriptors?: number[]): void;
  /** The listener hears nothing more. */
  close(): void;
}

export interface ChannelListener {
  /** What it throws closes the channel: a peer that does not keep to the protocol is not listened to. */
  message(text: string): void;
  /** The peer closed the channel, or it broke for this reason; called once, after the last message. */
  closed(reason: string | undefined): void;
}

export interface ProcessWatch extends Disposable {
  /** Settles when the process ends. */
  exited: Promise<void>;
  /** What is true now, before `exited` settles. */
  isRunning(): boolean;
  /** Sends a signal to this very process; throws ESRCH when it has ended. */
  signal(number: number): void;
}

/** A new channel and the descriptor of its other end, which the caller closes after passing it on. */
export function openChannel(listener: ChannelListener): { channel: Channel; peer: number } {
  const { token, peer } = reactor().pair();
  return { channel: channelOf(token, listener), peer };
}

/** A channel to a listening socket of the directory; throws the addon's error. */
export function connectChannel(directory: string, name: string, listener: ChannelListener): Channel {
  return channelOf(reactor().connect(directory, name), listener);
}

/** With a start time, only the process that started then; throws ESRCH when there is none. */
export function watchProcess(pid: number, startTime?: number): ProcessWatch {
  const token = reactor().watchProcess(pid, startTime ?? null);
  const { promise, resolve } = Promise.withResolvers<void>();
  handlers.set(token, { message: () => {}, closed: () => resolve() });
  return {
    exited: promise,
    isRunning: () => reactor().isRunning(token),
    signal: (number) => reactor().signal(token, number),
    [Symbol.dispose]: () => close(token),
  };
}

/** Keeps the process alive until disposed of; channels alone do not. */
export function keepAlive(): Disposable {
  if (holders++ === 0) reactor().hold();
  let held = true;
  return {
    [Symbol.dispose]() {
      if (held && --holders === 0) reactor().release();
      held = false;
    },
  };
}

let running: InstanceType<Addon["Reactor"]> | undefined;
let holders = 0;
const handlers = new Map<number, ChannelListener>();

function reactor(): InstanceType<Addon["Reactor"]> {
  running ??= new (addon().Reactor)(dispatch);
  return running;
}

function dispatch(token: number, kind: EventKind, text: string): void {
  const handler = handlers.get(token);
  if (kind === "message") {
    try {
      handler?.message(text);
    } catch (error) {
      close(token);
      handler?.closed(`unexpected message ${text.slice(0, 80)}: ${error}`);
    }
    return;
  }
  handlers.delete(token);
  handler?.closed(text === "" ? undefined : text);
}

function channelOf(token: number, listener: ChannelListener): Channel {
  handlers.set(token, listener);
  return {
    send: (text, descriptors = []) => reactor().send(token, text, descriptors),
    close: () => close(token),
  };
}

function close(token: number): void {
  // A closed token may be in use again by another channel.
  if (handlers.delete(token)) reactor().close(token);
}
