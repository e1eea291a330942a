import type { BuildRequest } from "#builds/builder.ts";
import { familiarName } from "#oci/reference.ts";
import { exportResult } from "../export/export-result.ts";
import { parseExporter } from "../export/exporters.ts";
import type { Attributes } from "../frontend/attributes.ts";
import { sessionScope } from "../frontend/build-scope.ts";
import { solveGiven } from "../frontend/solve-dockerfile.ts";
import { openStatusLog } from "../progress/status-log.ts";
import { openVertices } from "../progress/vertices.ts";
import { emptyMessage } from "../protocol/common.ts";
import { statusResponse } from "../protocol/control.ts";
import type { Session } from "../sessions/session.ts";
import type { ControlState } from "./solve.ts";

/** A build that a client requests by `POST /build?version=2`. */
export interface HttpBuild {
  /** Options, and the context unless the client serves it in its session. */
  request: BuildRequest;
  /** ID of the client's session; absent if the client serves nothing. */
  session?: string | undefined;
  /** Outputs that the session receives; the image stays in the store when there is none. */
  outputs: { type: string; attributes: Attributes }[];
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
  { request, session, outputs, fromSession }: HttpBuild,
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
  if (outputs.length > 0 && asksClient) await waitForSession(await sessions.get(session, signal), signal);
  const exporters = outputs.map(({ type, attributes }) => parseExporter(type, attributes));
  const building = (async () => {
    const image = await solveGiven(scope, { ...request, signal }, { fromSession, asksClient });
    const source = { images: [image], several: false, invocation: "" };
    if (exporters.length > 0 && !image.existed) built.add(image.id);
    for (const [index, exporter] of exporters.entries()) {
      await exportResult(scope, built, { exporter, index, source });
    }
    return image;
  })();
  building.then(log.end, log.end);
  for await (const status of log.read(signal)) {
    const encoded = Buffer.from(statusResponse.encode(status)).toString("base64");
    yield { id: "moby.buildkit.trace", aux: encoded };
  }
  const { id } = await building;
  if (exporters.length > 0 && exporters.every(({ type }) => type !== "store")) return;
  for (const tag of request.tags) {
    await vertices.during(`naming to ${familiarName(tag)}`, () => services.images.tag(id, tag));
  }
  yield { id: "moby.image.id", aux: { ID: id } };
}

/** Waits until a client serves its session. Docker 20.10 waits forever after an error that comes earlier. */
async function waitForSession({ client }: Session, signal: AbortSignal): Promise<void> {
  const check = {
    path: "/grpc.health.v1.Health/Check",
    request: emptyMessage,
    response: emptyMessage,
    signal,
  };
  await client.unary(check, {}).catch(() => signal.throwIfAborted());
}
