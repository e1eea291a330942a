import type { Builder } from "#builds/builder.ts";
import type { ImageArchives } from "#images/archive/image-archives.ts";
import type { ImageAuthoring } from "#images/authoring/image-authoring.ts";
import type { ImageExports } from "#images/export/image-exports.ts";
import type { ImageQueries } from "#images/store/image-queries.ts";
import type { ImageTransfer } from "#images/transfer/image-transfer.ts";
import type { ImageMaintenance } from "#images/upkeep/image-maintenance.ts";
import type { Vertices } from "../progress/vertices.ts";
import { type OutputClient, sessionOutput } from "../sessions/output-client.ts";
import type { Session, Sessions } from "../sessions/session.ts";
import type { BuiltImages } from "./built-images.ts";
import type { BuiltResult } from "./built-result.ts";

/** The services of the engine that builds of clients need. */
export interface BuildServices {
  builder: Builder;
  images: Pick<ImageQueries, "resolve" | "findId" | "inspect"> &
    Pick<ImageAuthoring, "tag"> &
    Pick<ImageTransfer, "push" | "fetchImage"> &
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
  /** Destinations of the client for outputs. */
  output: OutputClient;
  vertices: Vertices;
  /** Images of the store that no output asked for. */
  built: BuiltImages;
  /** The images that the build has made, by ID. */
  results: Map<string, BuiltResult>;
  /** Resources that are released when the build ends. */
  held: AsyncDisposableStack;
  signal: AbortSignal;
}

/** Returns the scope of a build whose client serves a session. */
export function sessionScope(scope: Omit<BuildScope, "output">): BuildScope {
  return {
    ...scope,
    output: sessionOutput(() => scope.sessions.get(scope.session, scope.signal), scope.signal),
  };
}

/** Returns the session of a build. */
export function sessionOf({ sessions, session, signal }: BuildScope): Promise<Session> {
  return sessions.get(session, signal);
}
