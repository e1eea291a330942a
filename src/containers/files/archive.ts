import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { openStream } from "#native/addon/stream.ts";
import type { ContainerView, FileStatus } from "#native/protocol/work.ts";
import { TboxError } from "#support/errors.ts";
import { never } from "#support/time/timestamp.ts";
import { nextExit } from "../lifecycle/next-exit.ts";
import { foundNoProcess } from "../lifecycle/no-process.ts";
import { planLaunch } from "../lifecycle/plan-launch.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { layersOfMountedImages } from "../volumes/image-mounts.ts";
import { containerPath } from "./container-path.ts";
import { feedArchive } from "./feed-archive.ts";
import { withStableFiles } from "./stable-files.ts";

/** Status of a file in a container. */
export type FileInContainer = FileStatus;

/** Returns the status of the file at a path, without following a symbolic link. Throws not-found with Docker's text. */
export function statInContainer(
  services: ContainerServices,
  name: string,
  path: string,
): Promise<FileInContainer> {
  return withView(services, name, path, (container) =>
    services.zygote.work({ operation: "status", container, path: containerPath(path) }),
  );
}

export interface ContainerArchive {
  status: FileInContainer;
  /** Tar stream. A failure destroys it with an error. */
  stream: Duplex;
}

/** Returns the file or tree at a path as a tar. Its entries begin with the last component of the path. */
export async function archiveFromContainer(
  services: ContainerServices,
  name: string,
  path: string,
): Promise<ContainerArchive> {
  const status = await statInContainer(services, name, path);
  services.notify("archive-path", services.records.find(name), { path });
  return { status, stream: openArchive(services, name, { path, archived: containerPath(path) }) };
}

/** Returns the container's root file system as a tar, without its mounts. Entry names are relative to the root. */
export async function exportContainer(services: ContainerServices, name: string): Promise<Duplex> {
  await statInContainer(services, name, "/");
  services.notify("export", services.records.find(name));
  return openArchive(services, name, { path: "/", archived: "" });
}

/** Unpacks a tar, compressed or not, into the directory at a path. */
export async function extractIntoContainer(
  services: ContainerServices,
  name: string,
  path: string,
  { archive, keepKinds }: { archive: ReadableStream<Uint8Array>; keepKinds: boolean },
): Promise<void> {
  const record = services.records.find(name);
  const request = { operation: "extract" as const, path: containerPath(path), keepKinds };
  await feedArchive(archive, (source) =>
    withView(services, name, path, (container) =>
      services.zygote.work({ ...request, container }, { source }),
    ),
  );
  services.notify("extract-to-dir", record, { path });
}

/** Starts a worker that writes a tar. `archived` is the path for the worker, `path` the one in error messages. */
function openArchive(
  services: ContainerServices,
  name: string,
  { path, archived }: { path: string; archived: string },
): Duplex {
  const { stream, peer } = openStream();
  const done = withView(services, name, path, (container) =>
    services.zygote.work({ operation: "archive", container, path: archived }, { source: peer }),
  );
  done.finally(() => closeSync(peer)).catch((error) => stream.destroy(error));
  return stream;
}

/**
 * Runs work on the files of a container, running or not. If the container ends before the work can enter it, the work
 * has neither read nor written anything and runs again on the stopped container.
 */
async function withView<T>(
  services: ContainerServices,
  name: string,
  path: string,
  work: (view: ContainerView) => Promise<T>,
): Promise<T> {
  const { id } = services.records.find(name);
  const inDockersWords = (cause: unknown) => {
    if (!(cause instanceof TboxError && cause.code === "not-found")) throw cause;
    throw new TboxError("not-found", `Could not find the file ${path} in container ${name}`, { cause });
  };
  for (let attempt = 1; ; attempt++) {
    // A start of the container may come first.
    let entered: Run | undefined;
    try {
      return await withStableFiles(services, id, async () => {
        const record = services.records.find(id);
        const view = await viewOf(services, record);
        entered = runOf(services, id);
        services.settledSizes.forget(record);
        return work(view).finally(() => services.settledSizes.forget(record));
      });
    } catch (error) {
      if (attempt === mostAttempts || !foundNoProcess(error)) return inDockersWords(error);
      if (entered !== undefined && runOf(services, id) === entered) await nextExit(services, id);
    }
  }
}

/** Attempts to enter a container that ends each time. */
const mostAttempts = 3;

/** Time of the start of a container that runs. */
type Run = string;

/** Returns the run of a container; undefined while it does not run. */
function runOf(services: ContainerServices, id: string): Run | undefined {
  const record = services.records.withId(id);
  return record && isRunning(record) ? record.state.startedAt : undefined;
}

async function viewOf(services: ContainerServices, record: ContainerRecord): Promise<ContainerView> {
  const image = record.imageId === undefined ? undefined : await services.images.resolve(record.imageId);
  const { id, root, mounts } = planLaunch(record, {
    diffIds: record.layers ?? image?.diffIds ?? [],
    mountedLayers: await layersOfMountedImages(services, record),
    socket: services.apiSocket,
    hostname: record.config.Hostname ?? "",
  });
  // A device has no content to copy, and the host's node may have been removed since.
  const files = mounts.filter(({ type }) => type !== "device");
  const { WorkingDir } = record.config;
  return {
    id,
    running: isRunning(record),
    root,
    mounts: files,
    ...(WorkingDir && record.state.startedAt === never ? { workingDirectory: WorkingDir } : {}),
  };
}
