import type { Builder } from "#builds/builder.ts";
import type { ImageArchives } from "#images/archive/image-archives.ts";
import type { ImageAuthoring } from "#images/authoring/image-authoring.ts";
import type { ImageExports } from "#images/export/image-exports.ts";
import type { ImageQueries } from "#images/store/image-queries.ts";
import type { ImageTransfer } from "#images/transfer/image-transfer.ts";
import type { ImageMaintenance } from "#images/upkeep/image-maintenance.ts";
import type { Vertices } from "../progress/vertices.ts";
import type { Session, Sessions } from "../sessions/session.ts";

import type { BuiltResult } from "./built-result.ts";

/** The services of the engine that builds of clients need. */
export interface BuildServices {
  builder: Builder;
  images: Pick<ImageQueries, "resolve" | "findId" | "inspect"> &
    Pick<ImageAuthoring, "tag"> &
    Pick<ImageTransfer, "push"> &
    Pick<ImageArchives, "save" | "load"> &
    ImageExports &
    Pick<ImageMaintenance, "remove">;
}

/** Services and resources of one build of a client. */
export interface BuildScope {
  services: BuildServices;
  sessions: Sessions;
  /** ID of the client's session. */
  session: string;
  vertices: Vertices;
  /** The images that the build has made, by ID. */
  results: Map<string, BuiltResult>;
  /** Resources that are released when the build ends. */
  held: AsyncDisposableStack;
  signal: AbortSignal;
}

/** Returns the session of a build. */
export function sessionOf({ sessions, session, signal }: BuildScope): Promise<Session> {
  return sessions.get(session, signal);
}
