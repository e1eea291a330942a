import type { EndpointAnswer } from "./networks.ts";

/** A container's status, in Docker's words. */
export type ContainerStatus =
  | "created"
  | "running"
  | "paused"
  | "restarting"
  | "removing"
  | "exited"
  | "dead";

/** An item of `GET /containers/json`. */
export interface ContainerSummary {
  /** 64 hexadecimal digits. */
  Id: string;
  /** Names with a leading slash: its own first, then those that other containers' links give it. */
  Names: string[];
  /** The image as the request named it, or its ID when the name belongs to another image now. */
  Image: string;
  /** Empty for a container without an image. */
  ImageID: string;
  Command: string;
  /** Seconds since the epoch. */
  Created: number;
  Ports: PortSummary[];
  /** Bytes of the writable layer; present when the request asks for sizes. */
  SizeRw?: number;
  /** Bytes of the whole root file system; present when the request asks for sizes. */
  SizeRootFs?: number;
  Labels: Record<string, string>;
  State: ContainerStatus;
  /** A sentence such as `Up 3 minutes (healthy)`. */
  Status: string;
  HostConfig: { NetworkMode: string; Annotations?: Record<string, string> };
  NetworkSettings: { Networks: Record<string, EndpointAnswer> };
  Mounts: MountPoint[];
}

/** A port of a container and the port of the host that leads to it. */
export interface PortSummary {
  /** Address of the host; absent for a port that is exposed and not published. */
  IP?: string;
  PrivatePort: number;
  /** Port of the host; absent for a port that is exposed and not published. */
  PublicPort?: number;
  Type: string;
}

/** A bind, a volume or a tmpfs of a container. */
export interface MountPoint {
  Type: "bind" | "tmpfs" | "volume" | "image";
  /** Name of a volume; absent for other mounts. */
  Name?: string;
  /** Path on the host; empty for a tmpfs. */
  Source: string;
  /** Path in the container. */
  Destination: string;
  /** Driver of a volume; absent for other mounts. */
  Driver?: string;
  /** Options as the request gave them. */
  Mode: string;
  /** Whether the container can write to it. */
  RW: boolean;
  /** Mount propagation such as `rprivate`; empty where it does not apply. */
  Propagation: string;
}
