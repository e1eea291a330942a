import { closeSync } from "node:fs";
import { type Addon, addon, type EventKind } from "./addon.ts";

/** A SOCK_SEQPACKET connection. Each datagram is one message with optional descriptors. */
export interface Channel {
  /** Sends, or queues while the peer does not read. Duplicates the descriptors. Throws EPIPE on a closed channel. */
  send(text: string, descriptors?: number[]): void;
  /** Closes the channel; the listener is not called any more. */
  close(): void;
}

export interface ChannelListener {
  /**
   * Handles a message. An exception closes the channel, because it means that the peer violates the protocol. The
   * listener closes a descriptor that comes with the message.
   */
  message(text: string, descriptor?: number): void;
  /** Handles the end of the channel: closed by the peer, or broken for a reason. Called once, after the last message. */
  closed(reason: string | undefined): void;
}

export interface ProcessWatch extends Disposable {
  /** Resolves when the process exits. */
  exited: Promise<void>;
  /** Tests the process now, before `exited` settles. */
  isRunning(): boolean;
  /** Sends a signal to exactly this process; throws ESRCH when it has exited. */
  signal(number: number): void;
}

/** A pair for the next channel. */
let spare: { token: number; peer: number } | undefined;

/** Connects the ends of the next channel in advance. */
export function prepareChannel(): void {
  spare ??= reactor().pair();
}

/** Opens a channel; returns the descriptor of its other end, which the caller closes after sending it. */
export function openChannel(listener: ChannelListener): { channel: Channel; peer: number } {
  const { token, peer } = spare ?? reactor().pair();
  spare = undefined;
  return { channel: channelOf(token, listener), peer };
}

/** Connects a channel to a listening socket in a directory; throws the addon's error. */
export function connectChannel(directory: string, name: string, listener: ChannelListener): Channel {
  return channelOf(reactor().connect(directory, name), listener);
}

/** Watches a process; with a start time, only the process that started then. Throws ESRCH when there is none. */
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

/** Keeps the event loop alive until disposed of; channels alone do not. */
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

function dispatch(token: number, kind: EventKind, text: string, passed?: number | null): void {
  const handler = handlers.get(token);
  if (kind === "message") {
    const descriptor = passed ?? undefined;
    // The channel was closed before the message arrived.
    if (handler === undefined && descriptor !== undefined) closeSync(descriptor);
    try {
      handler?.message(text, descriptor);
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
  // Another channel may already use the token of a closed one.
  if (handlers.delete(token)) reactor().close(token);
}
