import type { Http2Session } from "node:http2";
import { GrpcError, statusCode } from "./grpc-error.ts";

/**
 * Bytes that a session sends before the peer has confirmed their receipt. gRPC's Go library raises its initial window when it
 * receives two thirds of the window (65,535 bytes) within a round trip. Bun then forgets the credit of open calls, which
 * stall (https://github.com/oven-sh/bun/pull/41329). Bytes of the time before may still wait for the window, so this is less
 * than one third.
 */
const mostUnconfirmed = 20_000;

/** Milliseconds after which a peer that does not confirm settings counts as one that has received everything. */
const patience = 1000;

interface Sent {
  unconfirmed: number;
  /** Resolves when the peer has confirmed some bytes. */
  confirmed: Promise<void> | undefined;
}

const sessions = new WeakMap<Http2Session, Sent>();

/** Waits until a session may send more; returns how many of the bytes it may send now. Throws if the session ends. */
export async function admit(session: Http2Session, length: number): Promise<number> {
  let sent = sessions.get(session);
  if (!sent) {
    sent = { unconfirmed: 0, confirmed: undefined };
    sessions.set(session, sent);
  }
  while (sent.unconfirmed >= mostUnconfirmed && !session.destroyed) await confirmation(session, sent);
  if (session.destroyed) throw new GrpcError(statusCode.unavailable, "the connection is closed");
  const admitted = Math.min(length, mostUnconfirmed - sent.unconfirmed);
  sent.unconfirmed += admitted;
  return admitted;
}

/** Sends settings, which the peer answers in their turn. */
function confirmation(session: Http2Session, sent: Sent): Promise<void> {
  sent.confirmed ??= new Promise<void>((resolve) => {
    const bytes = sent.unconfirmed;
    // The answer to the first settings of a session may still be on its way.
    let missing = session.pendingSettingsAck ? 2 : 1;
    const count = () => {
      if (--missing === 0) done();
    };
    const done = () => {
      clearTimeout(timer);
      session.off("close", done);
      session.off("localSettings", count);
      sent.confirmed = undefined;
      sent.unconfirmed -= bytes;
      resolve();
    };
    const timer = setTimeout(done, patience);
    session.once("close", done);
    session.on("localSettings", count);
    session.settings({});
  });
  return sent.confirmed;
}
