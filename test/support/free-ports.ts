import { createSocket } from "node:dgram";

/** Ports that neither the kernel gives to outgoing connections nor common servers use. */
const first = 21_000;
const end = 32_000;

// A random start keeps runs at the same time apart.
let next = first + Math.floor(Math.random() * (end - first));

/**
 * Returns the lowest of `count` consecutive ports that are free for TCP and UDP on all addresses. A port that a test publishes,
 * or listens on again after closing it, must come from here: the kernel may give any port from 32768 up to an outgoing
 * connection. No port is returned twice before all others.
 */
export async function freePorts(count = 1): Promise<number> {
  for (let attempt = first; attempt < end; attempt++) {
    if (next + count > end) next = first;
    const lowest = next;
    const ports = Array.from({ length: count }, (_, index) => lowest + index);
    next += count;
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return lowest;
  }
  throw new Error(`no ${count} free ports from ${first} to ${end}`);
}

async function isFree(port: number): Promise<boolean> {
  try {
    Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } }).stop(true);
  } catch {
    return false;
  }
  const socket = createSocket("udp4");
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject).bind({ port, exclusive: true }, resolve);
    });
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
