import { closeSync } from "node:fs";
import { posix } from "node:path";
import type { Duplex } from "node:stream";
import { openStream } from "#native/addon/stream.ts";
import type { ContainerView, FileStatus } from "#native/zygote/protocol.ts";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { planLaunch } from "../lifecycle/plan-launch.ts";
import { type Fleet, isRunning } from "../services.ts";
import type { ContainerRecord } from "../state/record.ts";

/** What lies at a path of a container. */
export type FileInContainer = FileStatus;

/** Of a link it is the link itself. Throws not-found with Docker's text. */
export function statInContainer(fleet: Fleet, name: string, path: string): Promise<FileInContainer> {
  return withView(fleet, name, path, (container) =>
    fleet.zygote.work({ operation: "status", container, path: containerPath(path) }),
  );
}

export interface ContainerArchive {
  status: FileInContainer;
  /** A tar; breaks off when it could not be written to its end. */
  stream: Duplex;
}

/** What lies there as a tar, its entries named after the last part of the path. */
export async function archiveFromContainer(
  fleet: Fleet,
  name: string,
  path: string,
): Promise<ContainerArchive> {
  const status = await statInContainer(fleet, name, path);
  fleet.notify("archive-path", fleet.records.find(name), { path });
  return { status, stream: send(fleet, name, { path, archived: containerPath(path) }) };
}

function send(fleet: Fleet, name: string, { path, archived }: { path: string; archived: string }): Duplex {
  const { stream, peer } = openStream();
  const done = withView(fleet, name, path, (container) =>
    fleet.zygote.work({ operation: "archive", container, path: archived }, { source: peer }),
  );
  // The worker has it, or there is none.
  done.finally(() => closeSync(peer)).catch((error) => stream.destroy(error));
  return stream;
}

/** The container's own files as a tar, without what is mounted over them; names begin below the root. */
export async function exportContainer(fleet: Fleet, name: string): Promise<Duplex> {
  await statInContainer(fleet, name, "/");
  fleet.notify("export", fleet.records.find(name));
  return send(fleet, name, { path: "/", archived: "" });
}

/** Unpacks a tar, plain or compressed, into the directory at a path. */
export async function extractIntoContainer(
  fleet: Fleet,
  name: string,
  path: string,
  { archive, keepKinds }: { archive: ReadableStream<Uint8Array>; keepKinds: boolean },
): Promise<void> {
  const record = fleet.records.find(name);
  if (record.hostConfig.ReadonlyRootfs) {
    throw new TboxError("forbidden", "container rootfs is marked read-only");
  }
  fleet.notify("extract-to-dir", record, { path });
  await withView(fleet, name, path, (container) =>
    feedArchive(fleet, archive, { container, path: containerPath(path), keepKinds }),
  );
}

/** Has a worker unpack an archive. */
export async function feedArchive(
  fleet: Fleet,
  archive: ReadableStream<Uint8Array>,
  request: { container: ContainerView; path: string; keepKinds: boolean; squash?: boolean },
): Promise<void> {
  const { stream, peer } = openStream();
  const feeding = feed(archive, stream);
  try {
    await fleet.zygote.work({ operation: "extract", ...request }, { source: peer });
  } finally {
    closeSync(peer);
    stream.destroy();
    await feeding;
  }
}

async function feed(archive: ReadableStream<Uint8Array>, stream: Duplex): Promise<void> {
  stream.on("error", () => stream.destroy());
  stream.resume();
  for await (const bytes of archive) {
    if (stream.destroyed) return;
    if (stream.write(bytes)) continue;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once("drain", resolve).once("close", resolve);
    await promise;
  }
  stream.end();
}

/** A container neither starts nor goes while its files are copied without it. */
function withView<T>(
  fleet: Fleet,
  name: string,
  path: string,
  copy: (view: ContainerView) => Promise<T>,
): Promise<T> {
  const { id } = fleet.records.find(name);
  const explained = (error: unknown) => {
    if (!(error instanceof TboxError && error.code === "not-found")) throw error;
    throw new TboxError("not-found", `Could not find the file ${path} in container ${name}`, {
      cause: error,
    });
  };
  const work = async () => copy(await viewOf(fleet, fleet.records.find(id))).catch(explained);
  return isRunning(fleet.records.find(id)) ? work() : fleet.companion(id).inTurn(work);
}

async function viewOf(fleet: Fleet, record: ContainerRecord): Promise<ContainerView> {
  const image = record.imageId === undefined ? undefined : await fleet.images.resolve(record.imageId);
  const hostname = record.config.Hostname ?? "";
  const { id, root, mounts } = planLaunch(record, {
    diffIds: record.layers ?? image?.diffIds ?? [],
    hostname,
  });
  // Devices are of no use to a copy, and may not be there any more.
  const files = mounts.filter(({ type }) => type !== "device");
  return { id, running: isRunning(record), root, mounts: files };
}

/** A path as it is meant from the root on; a dot at its end, which asks for the contents, stays. */
export function containerPath(path: string): string {
  if (path === "") throw invalidArgument("missing required query parameter: path");
  if (path.includes("\0")) throw invalidArgument("a path holds a null character");
  const plain = posix.normalize(`/${path}`);
  return /(^|\/)\.$/.test(path) ? `${posix.join(plain, "/")}.` : plain;
}
