/** A pointer to a blob: media type, digest and size in bytes. */
export interface DescriptorAnswer {
  mediaType: string;
  digest: string;
  size: number;
}

/** Platform of an image. */
interface PlatformAnswer {
  architecture: string;
  os: string;
  variant?: string | undefined;
}

/** An item of `GET /images/json`. */
export interface ImageSummary {
  /** Digest of the configuration. */
  Id: string;
  ParentId: string;
  /** Familiar names with tags: `debian:12`. */
  RepoTags: string[];
  /** Familiar names with manifest digests. */
  RepoDigests: string[];
  /** Seconds since the epoch; 0 when unknown. */
  Created: number;
  /** Bytes of the unpacked layers. */
  Size: number;
  /** Value of `Size`; only before version 1.44. */
  VirtualSize?: number;
  /** Bytes shared with other images; -1 when the request does not ask for it. */
  SharedSize: number;
  /** Null for an image without labels. */
  Labels: Record<string, string> | null;
  /** Number of containers that use the image; -1 before version 1.51. */
  Containers: number;
  Descriptor: DescriptorAnswer;
}

/** Answer of `GET /tbox/manifests/{name}`: a manifest or an index in a registry. */
export interface ManifestAnswer {
  /** Name with the domain of the registry. */
  Reference: string;
  /** `platform` is absent for an index of several platforms. */
  Descriptor: DescriptorAnswer & { platform?: PlatformAnswer };
  /** The registry's bytes in base64. */
  Manifest: string;
}

/** An item of `GET /images/search`. */
export interface ImageSearchResult {
  star_count: number;
  is_official: boolean;
  name: string;
  /** Always false: Docker Hub's value is no longer maintained. */
  is_automated: false;
  description: string;
}

/** Answer of `GET /images/{name}/json`. */
export interface ImageInspect {
  /** Digest of the configuration. */
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  /** RFC 3339; absent when unknown. */
  Created?: string;
  DockerVersion: string;
  Author: string;
  Config: ImageConfigAnswer | LegacyConfig;
  /** Settings of the container of a build; only before version 1.45. */
  ContainerConfig?: LegacyConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  /** Bytes of the unpacked layers. */
  Size: number;
  /** Value of `Size`; only before version 1.44. */
  VirtualSize?: number;
  GraphDriver: { Name: string; Data: Record<string, string> };
  /** Digests of the uncompressed layers, base first. */
  RootFS: { Type: string; Layers: string[] };
  /** RFC 3339. */
  Metadata: { LastTagTime: string };
  Descriptor: DescriptorAnswer;
}

/** `Config` of an image: the defaults of its containers. */
export interface ImageConfigAnswer {
  User: string;
  Env: string[];
  Cmd: string[] | null;
  WorkingDir: string;
  Entrypoint: string[] | null;
  Labels: Record<string, string> | null;
  OnBuild: string[] | null;
  Volumes: Record<string, object> | null;
  ExposedPorts?: Record<string, object> | undefined;
  StopSignal?: string | undefined;
  Shell?: string[] | undefined;
  Healthcheck?: object | undefined;
}

/** Configuration with the fields of a container, which images had before version 1.50. */
export interface LegacyConfig extends Omit<ImageConfigAnswer, "Env"> {
  Env: string[] | null;
  Hostname: string;
  Domainname: string;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  Image: string;
}

/** An item of `GET /images/{name}/history`. */
export interface HistoryStep {
  /** ID of the image, or `<missing>` for a step that is no image. */
  Id: string;
  /** Seconds since the epoch; 0 when unknown. */
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  /** Bytes of the layer that the step left. */
  Size: number;
  Comment: string;
}

/** An item of `DELETE /images/{name}` and of `ImagesDeleted`: one of the two fields is present. */
export interface RemovedImageAnswer {
  Untagged?: string;
  Deleted?: string;
}

/** Answer of `GET /distribution/{name}/json`: the image in its registry. */
export interface DistributionAnswer {
  Descriptor: DescriptorAnswer;
  Platforms: PlatformAnswer[];
}
