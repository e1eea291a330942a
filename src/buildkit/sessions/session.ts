import type { Duplex } from "node:stream";
import { TboxError } from "#support/errors.ts";
import { type GrpcClient, openGrpcClient } from "../grpc/client.ts";

/** The services that a client serves to the daemon while it builds. */
export interface Session {
  id: string;
  /** Name under which the client's files are kept between builds. */
  sharedKey: string;
  client: GrpcClient;
  /** Tests whether the client serves a method: `/package.Service/Method`. */
  supports(method: string): boolean;
}

/** The open sessions. */
export interface Sessions {
  /** Adds a session whose client serves HTTP/2 on a connection; the session lasts as long as the connection. */
  add(headers: SessionHeaders, connection: Duplex): Session;
  /** Returns a session; waits for its connection. */
  get(id: string, signal: AbortSignal): Promise<Session>;
  /** Throws already-exists for the ID of an open session. */
  checkNew(id: string): void;
}

export interface SessionHeaders {
  id: string;
  sharedKey: string;
  methods: string[];
}

type Values = Record<string, string | string[] | undefined>;

/** Reads the headers of `POST /session`, or the metadata of `Control.Session`. Throws without an ID. */
export function parseSessionHeaders(headers: Values): SessionHeaders {
  const text = (name: string) => valuesOf(headers, name)[0] ?? "";
  const id = text("uuid");
  if (id === "") {
    throw new TboxError("invalid-argument", "the session has no X-Docker-Expose-Session-Uuid header");
  }
  return { id, sharedKey: text("sharedkey"), methods: valuesOf(headers, "grpc-method") };
}

/** Returns the values of a repeated header, which Node joins with commas. */
function valuesOf(headers: Values, name: string): string[] {
  const value = headers[`x-docker-expose-session-${name}`] ?? [];
  return [value].flat().flatMap((one) => (name === "grpc-method" ? one.split(/,\s*/) : [one]));
}

/** Milliseconds until a call without its session fails. */
const waitTime = 60_000;

export function openSessions(): Sessions {
  const sessions = new Map<string, Session>();
  const waiting = new Set<() => void>();
  const sessionsOf: Sessions = {
    checkNew(id) {
      if (sessions.has(id)) throw new TboxError("already-exists", `session ${id} already exists`);
    },
    add({ id, sharedKey, methods }, connection) {
      sessionsOf.checkNew(id);
      const client = openGrpcClient(connection);
      const supported = new Set(methods.map((method) => method.toLowerCase()));
      const session = {
        id,
        sharedKey,
        client,
        supports: (method: string) => supported.has(method.toLowerCase()),
      };
      sessions.set(id, session);
      client.closed.addEventListener("abort", () => sessions.delete(id), { once: true });
      for (const wake of waiting) wake();
      return session;
    },
    async get(id, signal) {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(waitTime)]);
      for (;;) {
        const session = sessions.get(id);
        if (session) return session;
        signal.throwIfAborted();
        if (patience.aborted) throw new TboxError("not-found", `no active session for ${id}`);
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            patience.removeEventListener("abort", wake);
            resolve();
          };
          waiting.add(wake);
          patience.addEventListener("abort", wake, { once: true });
        });
      }
    },
  };
  return sessionsOf;
}
