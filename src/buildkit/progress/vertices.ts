import { randomUUID } from "node:crypto";
import type { Progress } from "#images/transfer/image-transfer.ts";
import { errorChain } from "#support/errors.ts";
import { timestampOf } from "../protocol/common.ts";
import type { StatusLog } from "./status-log.ts";

/** One line of the progress that clients show. */
export interface Vertex {
  digest: string;
  /** Adds output of a program; 1 is stdout, 2 is stderr. */
  log(stream: number, text: string): void;
  /** Updates a part of the work, in bytes. */
  part(id: string, part: { current?: number; total?: number; done?: boolean }): void;
  /** Updates the part that a transfer of the store reports. */
  progress(this: void, progress: Progress): void;
  finish(end?: { cached?: boolean; error?: string }): void;
}

export interface Vertices {
  start(name: string): Vertex;
  /** Does work as one vertex, which ends with the work. */
  during<Result>(name: string, work: (vertex: Vertex) => Promise<Result>): Promise<Result>;
  /** Adds a warning about a vertex. */
  log: StatusLog;
}

/** Opens the vertices of a build; their progress goes to a log. */
export function openVertices(log: StatusLog): Vertices {
  const vertices: Vertices = {
    log,
    start: (name) => startVertex(log, name),
    during: (name, work) => duringVertex(startVertex(log, name), work),
  };
  return vertices;
}

/** Does work as a started vertex, which ends with the work. */
export async function duringVertex<Result>(
  vertex: Vertex,
  work: (vertex: Vertex) => Promise<Result>,
): Promise<Result> {
  try {
    const result = await work(vertex);
    vertex.finish();
    return result;
  } catch (error) {
    vertex.finish({ error: errorChain(error) });
    throw error;
  }
}

/** The last status of a layer in a push. */
const finalStatus = /^(?:Pushed|Layer already exists|Mounted from .*)$/;

const transferNames = new Map([["Compressing", "compressing"]]);

function startVertex(log: StatusLog, name: string): Vertex {
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(randomUUID()).digest("hex")}`;
  const started = timestampOf(Date.now());
  const takePart: Vertex["part"] = (id, { current = 0, total = 0, done = false }) => {
    const now = timestampOf(Date.now());
    const begun = parts.get(id) ?? now;
    parts.set(id, begun);
    const status = { id, vertex: digest, current, total, timestamp: now, started: begun };
    log.push({ statuses: [done ? { ...status, completed: now } : status] });
  };
  const parts = new Map<string, ReturnType<typeof timestampOf>>();
  let ended = false;
  log.push({ vertexes: [{ digest, name, started }] });
  return {
    digest,
    log(stream, text) {
      const data = Buffer.from(text);
      log.push({ logs: [{ vertex: digest, timestamp: timestampOf(Date.now()), stream, data }] });
    },
    part: takePart,
    progress({ id, status, current, total }) {
      if (id === undefined) return;
      const done = finalStatus.test(status);
      const sizes = {
        ...(current === undefined ? {} : { current }),
        ...(total === undefined ? {} : { total }),
      };
      takePart(`${transferNames.get(status) ?? "pushing"} layer ${id}`, { ...sizes, done });
    },
    finish({ cached = false, error = "" } = {}) {
      if (ended) return;
      ended = true;
      log.push({ vertexes: [{ digest, name, started, completed: timestampOf(Date.now()), cached, error }] });
    },
  };
}
