import type { BuildRequest } from "#builds/builder.ts";
import { familiarName } from "#oci/reference.ts";
import { sessionScope } from "../frontend/build-scope.ts";
import { solveGiven } from "../frontend/solve-dockerfile.ts";
import { openStatusLog } from "../progress/status-log.ts";
import { openVertices } from "../progress/vertices.ts";
import { statusResponse } from "../protocol/control.ts";
import type { ControlState } from "./solve.ts";

/** A build that a client requests by `POST /build?version=2`. */
export interface HttpBuild {
  /** Options, and the context unless the client serves it in its session. */
  request: BuildRequest;
  /** ID of the client's session; absent if the client serves nothing. */
  session?: string | undefined;
  /** Whether the context and the Dockerfile come from the session. */
  fromSession: boolean;
}

/** A line of the answer: progress as an encoded message, or the image. */
export type HttpBuildLine =
  | { id: "moby.buildkit.trace"; aux: string }
  | { id: "moby.image.id"; aux: { ID: string } };

/** Carries out a build and yields the lines of the answer. */
export async function* buildOverHttp(
  { services, sessions, built }: ControlState,
  { request, session, fromSession }: HttpBuild,
): AsyncGenerator<HttpBuildLine> {
  await using held = new AsyncDisposableStack();
  held.use(built.begin());
  const stop = new AbortController();
  held.defer(() => stop.abort(new Error("the build has ended")));
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const log = openStatusLog();
  const vertices = openVertices(log);
  const results = new Map();
  const scope = sessionScope({
    services,
    sessions,
    built,
    session: session ?? "",
    vertices,
    results,
    held,
    signal,
  });
  const asksClient = session !== undefined;
  const building = solveGiven(scope, { ...request, signal }, { fromSession, asksClient });
  building.then(log.end, log.end);
  for await (const status of log.read(signal)) {
    const encoded = Buffer.from(statusResponse.encode(status)).toString("base64");
    yield { id: "moby.buildkit.trace", aux: encoded };
  }
  const { id } = await building;
  for (const tag of request.tags) {
    await vertices.during(`naming to ${familiarName(tag)}`, () => services.images.tag(id, tag));
  }
  yield { id: "moby.image.id", aux: { ID: id } };
}
