import { invalidArgument } from "#support/errors.ts";
import { type BuildScope, sessionOf } from "../frontend/build-scope.ts";
import type { ClientCall } from "../grpc/client.ts";

const send = "/moby.filesync.v1.FileSend/DiffCopy";

/** Opens the call through which the client receives an output. `index` is the output's number among those of the build. */
export async function openFileSend(scope: BuildScope, index: number): Promise<ClientCall> {
  const session = await sessionOf(scope);
  if (!session.supports(send)) throw invalidArgument("the client does not accept files");
  return session.client.call(send, { "buildkit-attachable-exporter-id": String(index) }, scope.signal);
}
