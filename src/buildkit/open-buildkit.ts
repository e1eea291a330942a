import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { bridgeServices } from "./bridge/bridge-service.ts";
import { buildForCommand } from "./command/build-for-command.ts";
import type { CommandBuild, CommandEvent } from "./command/command-build.ts";
import { openPendingOutputs } from "./command/pending-outputs.ts";
import { controlServices } from "./control/control-service.ts";
import { buildOverHttp, type HttpBuild, type HttpBuildLine } from "./control/http-build.ts";
import { openJobs } from "./control/jobs.ts";
import type { ControlState } from "./control/solve.ts";
import type { BuildServices } from "./frontend/build-scope.ts";
import { openBuiltImages } from "./frontend/built-images.ts";
import { createGrpcServer } from "./grpc/server.ts";
import { openSessions, parseSessionHeaders, type SessionHeaders } from "./sessions/session.ts";

/** BuildKit's protocol, served by the builder. */
export interface BuildKit {
  /** Serves gRPC on an upgraded connection. */
  serve(connection: Duplex): void;
  /** Checks the headers of a new session; throws if it cannot be opened. */
  checkSession(headers: IncomingHttpHeaders): SessionHeaders;
  /** Opens a session on an upgraded connection whose other side serves gRPC. */
  openSession(headers: SessionHeaders, connection: Duplex): void;
  /** Carries out a build of `tbox build` with exports. */
  buildForCommand(build: CommandBuild): AsyncGenerator<CommandEvent>;
  /** Takes an output that a build of `tbox build` offers. */
  takeOutput(token: string): AsyncGenerator<Uint8Array>;
  /** Carries out `POST /build?version=2`. */
  build(build: HttpBuild): AsyncGenerator<HttpBuildLine>;
}

/** Opens the protocol. `hostGateway` is the address at which containers reach the host. */
export function openBuildKit(services: BuildServices, hostGateway: string | undefined): BuildKit {
  const sessions = openSessions();
  const state: ControlState = {
    services,
    sessions,
    jobs: openJobs(),
    built: openBuiltImages(services.images),
  };
  const pending = openPendingOutputs();
  const server = createGrpcServer(
    new Map([...controlServices(state, hostGateway), ...bridgeServices(state, hostGateway)]),
  );
  return {
    serve: server.serve,
    checkSession(given) {
      const headers = parseSessionHeaders(given);
      sessions.checkNew(headers.id);
      return headers;
    },
    buildForCommand: (build) => buildForCommand({ ...state, pending }, build),
    takeOutput: (token) => pending.take(token),
    build: (build) => buildOverHttp(state, build),
    openSession: (headers, connection) => void sessions.add(headers, connection),
  };
}
