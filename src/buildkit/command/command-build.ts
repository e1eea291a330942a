import type { BuildEvent, BuildRequest } from "#builds/builder.ts";
import type { Platform } from "#oci/platform.ts";
import type { Attributes } from "../frontend/attributes.ts";

/** A build of `tbox build` with more than an image of the store as its result, or with sources besides the context. */
export interface CommandBuild {
  request: Omit<BuildRequest, "contexts" | "platform">;
  /** The platforms to build for; the host's when empty. */
  platforms: Platform[];
  /** Named contexts: a directory of this machine, `docker-image://`, `oci-layout://`, or an address. */
  contexts: Record<string, string>;
  outputs: TypedAttributes[];
  cacheFrom: TypedAttributes[];
  cacheTo: TypedAttributes[];
  /** Options of the provenance; absent without one. */
  provenance: string | undefined;
}

/** An output or a cache: its type and its attributes. */
export interface TypedAttributes {
  type: string;
  attributes: Attributes;
}

/** Progress or the result of a build of `tbox build`. */
export type CommandEvent =
  | Exclude<BuildEvent, { type: "recorded" | "built" }>
  /** The client fetches an output, which has this number, by its token. */
  | { type: "ready"; index: number; token: string }
  | CommandResult;

/** The last event of a build. */
export interface CommandResult {
  type: "built";
  image: string;
  tags: string[];
  existed: boolean;
  /** Facts about the exported images, by BuildKit's names. */
  exported: Record<string, string>;
}
