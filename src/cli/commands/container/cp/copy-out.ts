import { posix } from "node:path";
import { pathTo, request } from "#client/api.ts";
import { namesContents, namesDirectory } from "../../../archives/path-form.ts";
import { unpackArchive } from "../../../archives/unpack-archive.ts";
import { openOutput } from "../../../output/byte-sink.ts";
import { ExitError } from "../../../output/exit.ts";
import { findRemoteFile } from "./remote-file.ts";

/** A copy from a container to the host. */
export interface CopyOut {
  container: string;
  source: string;
  /** Path on the host; `-` for a tar archive on standard output. */
  target: string;
  followLink: boolean;
}

/** Copies a file or a directory from a container to the host. */
export async function copyOut({ container, source, target, followLink }: CopyOut): Promise<void> {
  const plain = posix.resolve("/", source) + (namesDirectory(source) && source !== "/" ? "/" : "");
  const found = followLink || plain.endsWith("/") ? await findRemoteFile(container, plain) : undefined;
  if (followLink && !found) {
    throw new ExitError(
      `Could not find the file ${plain} in container ${container}: no file, or a dangling link`,
      1,
    );
  }
  const resolved = found?.path ?? plain;
  // In a written archive, names of a directory's contents start with a dot. Unpacking takes its names from the target.
  const path = target === "-" && namesContents(source) ? `${resolved.replace(/\/$/, "")}/.` : resolved;
  const archive = await request("GET", pathTo("containers", container, "/archive"), { query: { path } });
  const body = archive.body ?? new Blob().stream();
  if (target !== "-") return unpackArchive(body, { source, target });
  const write = openOutput();
  for await (const bytes of body) await write("stdout", bytes);
}
