/** Answer of `GET /volumes/{name}` and of `POST /volumes/create`. */
export interface VolumeInspect {
  /** RFC 3339. */
  CreatedAt: string;
  Driver: string;
  /** Null for none. */
  Labels: Record<string, string> | null;
  /** Path on the host. */
  Mountpoint: string;
  Name: string;
  /** Null for none. */
  Options: Record<string, string> | null;
  Scope: string;
  /** Size in bytes and number of containers; present in `GET /system/df` only. */
  UsageData?: { Size: number; RefCount: number };
}

/** Answer of `GET /volumes`. */
export interface VolumeList {
  Volumes: VolumeInspect[];
  Warnings: string[] | null;
}
