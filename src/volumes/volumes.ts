/** A named directory that outlives containers. */
export interface Volume {
  name: string;
  /** RFC 3339. */
  created: string;
  labels: Record<string, string>;
  options: Record<string, string>;
}

export interface VolumeFilter {
  /** Docker's `filters`: dangling, driver, label, name; unknown keys are refused. */
  filters: Map<string, string[]>;
}

export interface CreateVolume {
  /** Made up when absent. */
  name?: string;
  labels?: Record<string, string>;
  /** Of Docker's driver `local`: `type=none`, `o=bind` and `device`, a directory of the host. */
  options?: Record<string, string>;
}

/** The volumes of the store. */
export interface Volumes {
  /** Gives the one of that name when there is one already. */
  create(request: CreateVolume): Volume;
  /** Throws not-found with Docker's text. */
  get(name: string): Volume;
  list(filter: VolumeFilter): Volume[];
  /** Conflict when a container uses it; by force a missing one is no error. */
  remove(name: string, options: { force: boolean }): void;
  /** Removes those that nobody uses: anonymous ones, or all of them with the filter `all`. */
  prune(filters: Map<string, string[]>): Promise<{ names: string[]; space: number }>;
  /** Tells that a container that has started or ended uses it or does so no more. */
  announce(action: "mount" | "unmount", name: string, attributes: Record<string, string>): void;
  /** Where its content lies on the host. */
  mountpoint(name: string): string;
  /** Allocated bytes of each volume. */
  sizes(): Promise<Map<string, number>>;
}

/** On volumes that nobody gave a name. */
export const anonymousLabel = "com.docker.volume.anonymous";
