import type { BuildEvent } from "#builds/builder.ts";
import { formatPlatform, type Platform } from "#oci/platform.ts";
import { openStatusLog } from "../progress/status-log.ts";
import { duringVertex, type Vertex, type Vertices } from "../progress/vertices.ts";
import type { CommandEvent } from "./command-build.ts";

/** Progress of a build with several parts as one list of steps. */
export interface CommandProgress {
  /** Work besides the steps of the Dockerfile. */
  vertices: Vertices;
  /** Takes an event of the build for a platform, which is absent if there is only one. */
  take(event: BuildEvent, platform: Platform | undefined): void;
}

/** The last status of a layer in a transfer. */
const finalStatus = /^(?:Pushed|Layer already exists|Mounted from .*)$/;

/** Opens the progress of a build. Steps of all platforms and other work are numbered together. */
export function openCommandProgress(emit: (event: CommandEvent) => void): CommandProgress {
  const numbers = new Map<string, number>();
  let count = 0;
  const numberOf = (key: string) => {
    const known = numbers.get(key) ?? ++count;
    numbers.set(key, known);
    return known;
  };
  const reported = new Set<string>();
  const start = (name: string) => startStep(++count, name, emit);
  return {
    vertices: {
      log: openStatusLog(),
      start,
      during: (name, work) => duringVertex(start(name), work),
    },
    take(event, platform) {
      const prefix = platform && formatPlatform(platform);
      switch (event.type) {
        case "recorded":
        case "built":
          return;
        case "started": {
          const { step } = event;
          const number = numberOf(`${prefix} ${step.number}`);
          const words = [prefix, step.stage, `${step.number}/${step.total}`].filter(
            (one) => one !== undefined,
          );
          return emit({
            type: "started",
            step: { ...step, number, label: `[${words.join(" ")}] ${step.text}` },
          });
        }
        case "running":
        case "output":
        case "finished":
          return emit({ ...event, number: numberOf(`${prefix} ${event.number}`) });
        case "dockerfile":
        case "warning":
        case "checked": {
          // Every platform has the same Dockerfile.
          const text = JSON.stringify(event);
          if (reported.has(text)) return;
          reported.add(text);
          return emit(event);
        }
        case "pulling":
          return emit(event);
      }
    },
  };
}

/** Starts work that is no instruction of the Dockerfile. */
function startStep(number: number, name: string, emit: (event: CommandEvent) => void): Vertex {
  const started = performance.now();
  let ended = false;
  const log = (stream: number, text: string) =>
    emit({ type: "output", number, stream: stream === 1 ? "stdout" : "stderr", text });
  emit({ type: "started", step: { number, total: 0, text: name, label: name } });
  return {
    digest: "",
    log,
    part(id, { done = false }) {
      if (done) log(2, `${id}\n`);
    },
    progress({ id, status }) {
      if (id !== undefined && finalStatus.test(status)) log(2, `${id}: ${status}\n`);
    },
    finish({ error = "" } = {}) {
      if (ended) return;
      ended = true;
      if (error !== "") return;
      const milliseconds = Math.round(performance.now() - started);
      emit({ type: "finished", number, cached: false, id: "", milliseconds });
    },
  };
}
