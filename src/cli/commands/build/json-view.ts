import type { BuildLine, BuildStep, LineRangeAnswer } from "#api/answers/builds.ts";
import { type BuildView, labelOf } from "./view.ts";

/** A part of a build in the format of BuildKit's clients. */
interface Vertex {
  digest: string;
  name: string;
  started: string;
  completed?: string;
  cached?: true;
  error?: string;
}

/**
 * Opens a view that prints a line of JSON for each change, in the format of `docker buildx build --progress rawjson`:
 * objects with `vertexes`, `statuses`, `logs` or `warnings`.
 */
export function jsonView(write: (text: string) => Promise<void>): BuildView {
  const running = new Map<number, { vertex: Vertex; step: BuildStep }>();
  const digests = new Map<number, string>();
  const pulls = new Map<string, Vertex>();
  const print = (change: object) => write(`${JSON.stringify(change)}\n`);
  const begin = async (name: string, key: string) => {
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(key).digest("hex")}`;
    const vertex: Vertex = { digest, name, started: now() };
    await print({ vertexes: [vertex] });
    return vertex;
  };
  const finish = (vertex: Vertex, more: Pick<Vertex, "cached" | "error">) =>
    print({ vertexes: [{ ...vertex, completed: now(), ...more }] });
  const finishPulls = async () => {
    for (const vertex of pulls.values()) await finish(vertex, {});
    pulls.clear();
  };
  const pull = async ({ image, progress }: BuildLine & { type: "pulling" }) => {
    const vertex = pulls.get(image) ?? (await begin(`[internal] pull ${image}`, `pull ${image}`));
    pulls.set(image, vertex);
    const { id = image, status: name, current = 0, total } = progress;
    await print({ statuses: [{ id, vertex: vertex.digest, name, current, total, timestamp: now() }] });
  };
  return {
    async show(line) {
      switch (line.type) {
        case "started": {
          const { step } = line;
          const vertex = await begin(labelOf(step), `${step.number} ${labelOf(step)}`);
          running.set(step.number, { vertex, step });
          digests.set(step.number, vertex.digest);
          return;
        }
        case "output": {
          const stream = line.stream === "stdout" ? 1 : 2;
          const data = Buffer.from(line.text).toString("base64");
          return print({ logs: [{ vertex: digests.get(line.number), stream, data, timestamp: now() }] });
        }
        case "finished": {
          const one = running.get(line.number);
          running.delete(line.number);
          return one && finish(one.vertex, line.cached ? { cached: true } : {});
        }
        case "pulling":
          return pull(line);
        case "warning":
          return print({ warnings: [warningOf(line)] });
        case "built":
          return finishPulls();
        case "failed":
          for (const { vertex, step } of running.values()) {
            const atFault = line.lines !== undefined && step.lines?.start === line.lines.start;
            await finish(vertex, { error: atFault ? line.message : "context canceled" });
          }
          running.clear();
          return finishPulls();
      }
    },
    tail: () => undefined,
    end: async () => {},
  };
}

function warningOf({ text, lines }: { text: string; lines?: LineRangeAnswer }) {
  const range = lines?.start ? [{ start: { line: lines.start }, end: { line: lines.end } }] : undefined;
  return { level: 1, short: Buffer.from(text).toString("base64"), range };
}

function now(): string {
  return new Date().toISOString();
}
