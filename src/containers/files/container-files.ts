import type { Duplex } from "node:stream";
import type { Digest } from "#oci/digest.ts";
import type { ContainerServices } from "../services.ts";
import {
  archiveFromContainer,
  type ContainerArchive,
  exportContainer,
  extractIntoContainer,
  type FileInContainer,
  statInContainer,
} from "./archive.ts";
import { type CommitContainerOptions, commitContainer } from "./commit.ts";
import { type Change, listChanges } from "./diff.ts";

/** Access to the files of containers, running or not. Paths never lead outside the container's root. */
export interface ContainerFiles {
  /** Returns the status of the file at a path, without following a symbolic link. */
  stat(name: string, path: string): Promise<FileInContainer>;
  /** Returns the file or tree at a path as a tar. */
  archive(name: string, path: string): Promise<ContainerArchive>;
  /** Returns the container's root file system as a tar, without its mounts. */
  export(name: string): Promise<Duplex>;
  /** Unpacks a tar into the directory at a path. `keepKinds` refuses to replace a directory with a file or vice versa. */
  extract(
    name: string,
    path: string,
    options: { archive: ReadableStream<Uint8Array>; keepKinds: boolean },
  ): Promise<void>;
  /** Lists the changes to the image's files. */
  changes(name: string): Promise<Change[]>;
  /** Creates an image from a container. Returns the image's ID. */
  commit(name: string, options: CommitContainerOptions): Promise<Digest>;
}

export function containerFiles(services: ContainerServices): ContainerFiles {
  return {
    stat: (name, path) => statInContainer(services, name, path),
    archive: (name, path) => archiveFromContainer(services, name, path),
    export: (name) => exportContainer(services, name),
    extract: (name, path, options) => extractIntoContainer(services, name, path, options),
    changes: (name) => listChanges(services, name),
    commit: (name, options) => commitContainer(services, name, options),
  };
}
