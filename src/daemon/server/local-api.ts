import type { IncomingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { newestMinor } from "#api/versions.ts";
import type { Engine } from "#engine/engine.ts";
import { describeError, errorResponse } from "../answers/error-response.ts";
import type { Application } from "../http/adapter.ts";
import { versionHeader } from "../requests/api-target.ts";
import { isArchiveStat } from "../routes/archive-stat.ts";
import { isAttach } from "../streams/attach.ts";
import { isExecStart } from "../streams/exec.ts";
import type { RunClient } from "../streams/run/run-client.ts";
import { type DirectRunInput, serveRunFor } from "../streams/run/serve-run.ts";
import { upgradeTo } from "./serve-upgrade.ts";

/** The daemon's API for code in the same process, without a socket. */
export interface LocalApi {
  /** Answers a request, as `fetch` does. `target` is path and query, without a version. */
  fetch(target: string, init: RequestInit): Promise<Response>;
  /** Serves `POST /tbox/run` for a client. Throws an error with the answer for an invalid request. */
  run(input: DirectRunInput, client: RunClient): Promise<void>;
  /** Serves an upgrade request on a connection, from the answer's head on. */
  upgrade(target: string, request: LocalUpgrade, connection: Duplex): void;
}

/** An upgrade request without a head; `body` is JSON. */
export interface LocalUpgrade {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Listens for launchers in the run directory. Disposing of the result closes the socket and all connections. */
export type ListenForLaunchers = (runDirectory: string, api: LocalApi) => Disposable;

/** The error of a refused request, as clients get it. */
class RefusedRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "RefusedRequest";
    this.status = status;
  }
}

/** Opens the API of an engine; `socketPath` serves the requests that need a real connection. */
export function openLocalApi(engine: Engine, answer: Application["answer"], socketPath: string): LocalApi {
  return {
    async fetch(target, init) {
      const { method = "GET" } = init;
      const path = target.replace(/\?.*/s, "");
      if (isAttach(method, path) || isExecStart(method, path) || isArchiveStat(method, path)) {
        return await fetch(`http://tbox${target}`, { ...init, unix: socketPath, timeout: false });
      }
      const headers = new Headers(init.headers);
      headers.set(versionHeader, String(newestMinor));
      try {
        return await answer(new Request(`http://docker${target}`, { ...init, headers }));
      } catch (error) {
        return errorResponse(error);
      }
    },
    async run(input, client) {
      try {
        await serveRunFor(engine, input, () => client);
      } catch (error) {
        const { status, message } = describeError(error);
        throw new RefusedRequest(status, message);
      }
    },
    upgrade(target, { headers, body }, connection) {
      const [path = "", query] = target.split("?", 2);
      const search = query === undefined ? "" : `?${query}`;
      const parsed = { path, search, version: newestMinor };
      void upgradeTo(engine, { method: "POST", target: parsed, headers, body }, connection);
    },
  };
}
