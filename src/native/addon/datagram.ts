import { setTimeout } from "node:timers/promises";
import { addon } from "./addon.ts";
import { errnoOf } from "./failure.ts";

/** Milliseconds between attempts while the receiver's queue is full. */
const retry = 10;

/** Sends a datagram to a Unix socket. Waits while the receiver's queue is full; rejects with the kernel's code. */
export async function sendDatagram(path: string, bytes: Uint8Array): Promise<void> {
  for (;;) {
    try {
      return addon().sendDatagram(path, Buffer.from(bytes));
    } catch (error) {
      if (errnoOf(error) !== "EAGAIN") throw error;
      await setTimeout(retry);
    }
  }
}
