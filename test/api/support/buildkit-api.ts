import type { GrpcClient } from "#buildkit/grpc/client.ts";
import { GrpcError } from "#buildkit/grpc/grpc-error.ts";
import type { BuildEvent, BuildRequest } from "#builds/builder.ts";
import { openLocalContexts } from "#builds/cache/local-contexts.ts";
import {
  connectBuildKit,
  diffCopy,
  type SentFile,
  serveDirectories,
  serveSession,
} from "#test/support/buildkit-client.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { type FakeApi, openFakeApi } from "./fake-api.ts";
import { fakeDigest } from "./fake-images.ts";

/** An API server with a fake builder that the test controls, and a client of BuildKit. */
export interface BuildKitApi extends AsyncDisposable {
  api: FakeApi;
  client: GrpcClient;
  /** Requests of the builds so far. */
  requests: BuildRequest[];
  /** Carries out the next builds. */
  run(request: BuildRequest): AsyncGenerator<BuildEvent>;
  /** Opens a session that serves a Dockerfile and a context; `requested` names the files that the daemon asked for. */
  open(id: string, context: SentFile[]): Promise<{ requested: string[] } & AsyncDisposable>;
}

export const dockerfile: SentFile[] = [{ path: "Dockerfile", text: "FROM scratch\n" }];

/** The last event of a build. */
export const built: BuildEvent = { type: "built", image: fakeDigest, tags: [], existed: true };

export async function openBuildKitApi(): Promise<BuildKitApi> {
  const api = await openFakeApi();
  const store = temporaryDirectory("contexts");
  const { images, builder } = api.engine;
  const { resolve } = images;
  const image = { id: fakeDigest, config: {}, diffIds: [], embedded: false };
  Object.assign(images, { resolve: async (name: string) => (name === fakeDigest ? image : resolve(name)) });
  const contexts = openLocalContexts({ store: store.path, discard: () => {} });
  const kit: BuildKitApi = {
    api,
    client: await connectBuildKit(api.socket),
    requests: [],
    async *run() {
      yield built;
    },
    async open(id, context) {
      const { handler, requested } = serveDirectories({ dockerfile, context });
      const socket = await serveSession(api.socket, { id, services: new Map([[diffCopy, handler]]) });
      return { requested, [Symbol.asyncDispose]: async () => void socket.destroy() };
    },
    async [Symbol.asyncDispose]() {
      kit.client.close();
      await api[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
  Object.assign(builder, {
    takeDirectory: contexts.take,
    build(request: BuildRequest) {
      kit.requests.push(request);
      return kit.run(request);
    },
  });
  return kit;
}

/** Returns the error with which a call ends. */
export async function failureOf(work: Promise<unknown>): Promise<GrpcError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  if (error instanceof GrpcError) return error;
  throw error ?? new Error("the call succeeded");
}
