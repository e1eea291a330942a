import type { BuildRecord } from "#builds/builder.ts";
import type { Digest } from "#oci/digest.ts";
import type { Platform } from "#oci/platform.ts";
import type { SourceText } from "../progress/source-text.ts";
import type { ProvenanceOptions } from "./attestations.ts";
import type { FrontendOptions } from "./options.ts";

/** An image that a build made for one platform. */
export interface BuiltImage {
  id: Digest;
  /** Whether the image was in the store before the build. */
  existed: boolean;
  platform: Platform;
  record: BuildRecord;
  source: SourceText | undefined;
  /** Milliseconds since the epoch. */
  started: number;
  finished: number;
}

/** An image, and how the client asked for it. */
export interface BuiltResult extends BuiltImage {
  options: FrontendOptions;
  /** Names of the client's directories that the build used. */
  locals: string[];
  provenance: ProvenanceOptions | undefined;
}
