import { networkInterfaces } from "node:os";
import type { TestDaemon } from "#test/support/daemon.ts";
import { processesNamed } from "#test/support/processes.ts";

/** Returns external address of this machine; undefined without a network. */
export function hostAddress(family: "IPv4" | "IPv6"): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find((one) => one.family === family && !one.internal && !one.address.startsWith("fe80"))
    ?.address;
}

/** Returns the process id of a daemon's net helper. */
export async function netHelperPid({ tbox }: TestDaemon): Promise<number> {
  const { stdout } = await tbox(["doctor"]);
  return Number(/ network: .* held by process (\d+)$/m.exec(stdout)?.[1]);
}

/** Kills the net helper and waits for its successor. */
export async function killNetHelper(daemon: TestDaemon): Promise<void> {
  const pid = await netHelperPid(daemon);
  process.kill(pid, "SIGKILL");
  while ((await netHelperPid(daemon)) === pid) await Bun.sleep(10);
}

/** Kills a daemon's zygote. */
export function killZygote({ run }: TestDaemon): void {
  const [zygote] = processesNamed("tbox-zygote", run);
  if (zygote === undefined) throw new Error("no zygote");
  process.kill(zygote, "SIGKILL");
}

/** Returns whether no server listens on the address. */
export async function isRefused(place: string): Promise<boolean> {
  try {
    await fetch(`http://${place}`, { keepalive: false });
    return false;
  } catch (error) {
    return isRefusal(error);
  }
}

/** Returns whether the error of a request says that no server listens. */
export function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /ECONNREFUSED|ConnectionRefused/.test(`${code} ${error}`);
}
