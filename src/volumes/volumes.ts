/** Named directory that outlives containers. */
export interface Volume {
  name: string;
  /** Time of creation in RFC 3339. */
  created: string;
  labels: Record<string, string>;
  options: Record<string, string>;
}

export interface VolumeFilter {
  /** Docker's `filters`: dangling, driver, label, name. An unknown key is refused. */
  filters: Map<string, string[]>;
}

export interface CreateVolume {
  /** Name of the volume. Without one the volume is anonymous and gets a random name. */
  name?: string;
  labels?: Record<string, string>;
  /** Options of Docker's driver `local`: `type=none`, `o=bind` and `device`, a directory of the host; or `type=tmpfs`. */
  options?: Record<string, string>;
}

/** Volumes of a store. */
export interface Volumes {
  /** Creates a volume, or returns the existing one, whatever its options. */
  create(request: CreateVolume): Volume;
  /** Does the same for all or none of several requests. */
  createAll(requests: CreateVolume[]): Volume[];
  /** Finds a volume. Throws not-found with Docker's text. */
  get(name: string): Volume;
  /** Lists volumes, sorted by name. */
  list(filter: VolumeFilter): Volume[];
  /** Returns a number that changes whenever a volume is created or removed. A volume itself never changes. */
  revision(): number;
  /** Removes a volume. Throws conflict while a container uses it; `force` ignores a missing volume. */
  remove(name: string, options: { force: boolean }): void;
  /** Removes those of the volumes that exist and that no container uses. */
  removeUnused(names: string[]): void;
  /** Removes unused anonymous volumes, and with the filter `all` named ones too. `space` is in bytes. */
  prune(filters: Map<string, string[]>): Promise<{ names: string[]; space: number }>;
  /** Publishes the event of a container that starts or stops using a volume. */
  announce(action: "mount" | "unmount", name: string, attributes: Record<string, string>): void;
  /** Returns the path of a volume's content on the host. */
  mountpoint(name: string): string;
  /** Measures the allocated bytes of each volume. */
  sizes(): Promise<Map<string, number>>;
}

/** Label of anonymous volumes. */
export const anonymousLabel = "com.docker.volume.anonymous";
