/** Answer of `POST /containers/create`. */
export interface ContainerCreated {
  Id: string;
  Warnings: string[];
}

/** Answer of `POST /containers/{id}/update`. */
export interface ContainerUpdated {
  Warnings: string[];
}

/** Answer of `POST /containers/{id}/wait`: one line, sent after the exit. */
export interface ContainerExit {
  /** Exit status of the container. */
  StatusCode: number;
  /** Present when the last start failed. */
  Error?: { Message: string };
}

/** Answer of `GET /containers/{id}/top`: a table of processes. */
export interface ProcessTable {
  Titles: string[];
  /** One row for each process, with one cell for each title. */
  Processes: string[][];
}

/** An item of `GET /containers/{id}/changes`, whose answer is null for no changes. */
export interface FileChange {
  Path: string;
  /** 0 is modified, 1 added, 2 deleted. */
  Kind: 0 | 1 | 2;
}

/** Answer of `POST /commit` and of other requests that create an object with an ID. */
export interface Created {
  Id: string;
}

/** The header `X-Docker-Container-Path-Stat`: JSON in base64. */
export interface PathStat {
  name: string;
  /** Bytes. */
  size: number;
  /** Go's `FileMode`: permissions below, its own type bits above. */
  mode: number;
  /** RFC 3339 with nanoseconds. */
  mtime: string;
  /** Target of a symbolic link; empty for other files. */
  linkTarget: string;
}
