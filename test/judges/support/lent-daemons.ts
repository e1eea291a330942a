import { chmodSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { repository } from "#test/support/repository.ts";

/** Daemons that a suite starts and stops through a program named `dockerd`. */
export interface LentDaemons extends AsyncDisposable {
  /** Directory with the program. */
  programs: string;
}

/**
 * Gives a new daemon to each `dockerd` that the suite starts. Starts each daemon in advance, because suites expect it within
 * seconds.
 */
export function lendDaemons(directory: string, environment: Record<string, string>): LentDaemons {
  const socket = `${directory}/judge.sock`;
  const script = `exec "${process.execPath}" "${repository}/test/judges/support/stand-in-dockerd.ts" "${socket}" "$@"`;
  writeFileSync(`${directory}/dockerd`, `#!/bin/sh\n${script}\n`);
  chmodSync(`${directory}/dockerd`, 0o755);
  const lent = new Map<object, Promise<TestDaemon>>();
  let next = startDaemon(environment);
  next.catch(() => {});
  const end = async (daemon: Promise<TestDaemon>) => (await daemon)[Symbol.asyncDispose]();
  const server = Bun.listen({
    unix: socket,
    socket: {
      async open(client) {
        const daemon = next;
        lent.set(client, daemon);
        next = startDaemon(environment);
        next.catch(() => {});
        client.write(`${(await daemon).socket}\n`);
      },
      data() {},
      async close(client) {
        const daemon = lent.get(client);
        lent.delete(client);
        if (daemon) await end(daemon);
      },
    },
  });
  return {
    programs: directory,
    async [Symbol.asyncDispose]() {
      server.stop(true);
      await Promise.allSettled([...lent.values(), next].map(end));
    },
  };
}
