import { lstat, stat } from "node:fs/promises";
import { basename, posix, resolve } from "node:path";
import { pathTo, request } from "#client/api.ts";
import { standardInput } from "../../../archives/archive-body.ts";
import { packTree } from "../../../archives/pack-tree.ts";
import { namesContents, namesDirectory } from "../../../archives/path-form.ts";
import { ExitError } from "../../../output/exit.ts";
import { failureMessage } from "../../../output/failure.ts";
import { findRemoteFile, type RemoteFile } from "./remote-file.ts";

/** A copy from the host to a container. */
export interface CopyIn {
  container: string;
  /** Path on the host; `-` for a tar archive on standard input. */
  source: string;
  target: string;
  followLink: boolean;
  keepOwners: boolean;
}

/** Copies a file, a directory or an archive from the host into a container. */
export async function copyIn({ container, source, target, ...options }: CopyIn): Promise<void> {
  const wanted = posix.resolve("/", target) + (namesDirectory(target) && target !== "/" ? "/" : "");
  const found = await findRemoteFile(container, wanted);
  if (source === "-") {
    if (!found?.isDirectory)
      throw new ExitError(`destination "${container}:${target}" must be a directory`, 1);
    return send(
      container,
      found.path,
      standardInput("make an archive of it: tar -C DIR -c . | tbox cp - CONTAINER:PATH"),
    );
  }
  const status = await (options.followLink ? stat : lstat)(source).catch((error) => {
    throw new ExitError(failureMessage(error), 1);
  });
  const { directory, name } = findDestination({ source, wanted, isDirectory: status.isDirectory(), found });
  const { stream, done } = packTree({ path: resolve(source), name, ...options });
  await send(container, directory, stream);
  await done;
}

interface DestinationQuery {
  source: string;
  wanted: string;
  /** Whether the source is a directory. */
  isDirectory: boolean;
  /** The file at the wanted path. */
  found: RemoteFile | undefined;
}

/** Returns the directory to unpack in, and the name of the copy there; an empty name for a directory's contents. */
function findDestination({ source, wanted, isDirectory, found }: DestinationQuery): {
  directory: string;
  name: string;
} {
  const contents = isDirectory && namesContents(source);
  if (found?.isDirectory) {
    return { directory: found.path, name: contents ? "" : basename(resolve(source)) };
  }
  if (found && isDirectory) throw new ExitError("cannot copy directory", 1);
  if (!found && !isDirectory && wanted.endsWith("/")) throw new ExitError("no such directory", 1);
  const path = (found?.path ?? wanted).replace(/\/$/, "");
  return { directory: posix.dirname(path), name: posix.basename(path) };
}

async function send(container: string, path: string, body: ReadableStream<Uint8Array>): Promise<void> {
  const query = { path, noOverwriteDirNonDir: "true" };
  const headers = { "Content-Type": "application/x-tar" };
  await request("PUT", pathTo("containers", container, "/archive"), { query, headers, body });
}
