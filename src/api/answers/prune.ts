import type { RemovedImageAnswer } from "./images.ts";

/** Answer of `POST /containers/prune`. `SpaceReclaimed` counts bytes in every prune answer. */
export interface ContainersPruned {
  /** IDs. */
  ContainersDeleted: string[];
  SpaceReclaimed: number;
}

/** Answer of `POST /images/prune`. */
export interface ImagesPruned {
  ImagesDeleted: RemovedImageAnswer[];
  SpaceReclaimed: number;
}

/** Answer of `POST /networks/prune`. */
export interface NetworksPruned {
  /** Names. */
  NetworksDeleted: string[];
}

/** Answer of `POST /volumes/prune`. */
export interface VolumesPruned {
  /** Names. */
  VolumesDeleted: string[];
  SpaceReclaimed: number;
}

/** Answer of `POST /build/prune`. */
export interface BuildsPruned {
  /** IDs of cache records. */
  CachesDeleted: string[];
  SpaceReclaimed: number;
}
