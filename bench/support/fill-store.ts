import type { BenchDaemon } from "./daemon.ts";

/** Number of objects of a filled store. */
export interface StoreSize {
  images: number;
  stopped: number;
  running: number;
  volumes: number;
  networks: number;
}

/** Requests that are sent at the same time. */
const width = 4;

/** Loads an archive of images and creates the other objects. Returns what there is then. */
export async function fillStore(
  daemon: BenchDaemon,
  { archive, size }: { archive: string; size: StoreSize },
): Promise<string> {
  daemon.call("load", "-q", "-i", archive);
  await repeat(size.volumes, (number) =>
    succeed(daemon, "/volumes/create", { Name: `volume-${number}`, Labels: { number: `${number}` } }),
  );
  let networks = 0;
  const failure = await repeat(size.networks, async (number) => {
    await succeed(daemon, "/networks/create", { Name: `network-${number}` });
    networks++;
  }).catch((error) => String(error));
  if (failure) console.log(`networks: ${failure}`);
  await repeat(size.stopped, (number) => runOne(daemon, number, ["true"]));
  await repeat(size.running, (number) => runOne(daemon, size.stopped + number, ["sleep", "100000"]));
  const { images, stopped, running, volumes } = size;
  return `${images} images, ${stopped} stopped and ${running} running containers, ${volumes} volumes, ${networks} networks`;
}

async function runOne(daemon: BenchDaemon, number: number, command: string[]): Promise<void> {
  const body = {
    Image: "box",
    Cmd: command,
    Labels: { number: `${number}` },
    HostConfig: { Binds: [`volume-${number}:/data`] },
  };
  const { Id: id } = await succeed(daemon, `/containers/create?name=container-${number}`, body);
  await succeed(daemon, `/containers/${id}/start`);
}

async function succeed(daemon: BenchDaemon, path: string, body?: unknown): Promise<{ Id?: string }> {
  const response = await daemon.request("POST", path, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/** Calls `action` with each number below `count`, a few at a time. */
async function repeat(count: number, action: (number: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await action(next++);
  };
  await Promise.all(Array.from({ length: width }, work));
}
