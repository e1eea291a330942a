import type { ClassicBuildLine } from "#api/answers/builds.ts";
import type { BuildEvent } from "#builds/builder.ts";
import { shapeProgress } from "../images/progress.ts";

export interface ClassicOptions {
  /** Whether only the image's ID is printed. */
  quiet: boolean;
  /** Whether the client asked to keep the containers of the steps. */
  keepContainers: boolean;
}

const keepWarning =
  "[Warning] rm=0 is ignored: the files of a step's container become its layer, so the container is removed\n";

/** Returns a function that turns build events into lines of `POST /build`. */
export function classicLines({
  quiet,
  keepContainers,
}: ClassicOptions): (event: BuildEvent) => ClassicBuildLine[] {
  if (quiet) return (event) => (event.type === "built" ? [{ stream: `${event.image}\n` }] : []);
  const containers = new Map<number, string>();
  const froms = new Set<number>();
  return (event) => {
    switch (event.type) {
      case "started": {
        const { number, total, text } = event.step;
        if (/^from\s/i.test(text)) froms.add(number);
        return [{ stream: `Step ${number}/${total} : ${text}\n` }];
      }
      case "running":
        containers.set(event.number, event.container);
        return [
          { stream: ` ---> Running in ${event.container.slice(0, 12)}\n` },
          ...(keepContainers && containers.size === 1 ? [{ stream: keepWarning }] : []),
        ];
      case "output":
        return outputLines(event.text, event.stream);
      case "finished": {
        const container = containers.get(event.number);
        const cached = event.cached && !froms.has(event.number);
        return [
          ...(cached ? [{ stream: " ---> Using cache\n" }] : []),
          ...(container
            ? [{ stream: ` ---> Removed intermediate container ${container.slice(0, 12)}\n` }]
            : []),
          { stream: ` ---> ${event.id}\n` },
        ];
      }
      case "pulling":
        return [shapeProgress(event.progress)];
      case "warning":
        // Docker's classic builder reports this check only.
        if (event.rule !== undefined && event.rule !== "NoEmptyContinuation") return [];
        return [{ stream: `[Warning] ${event.text}\n` }];
      case "built":
        return [
          { aux: { ID: event.image } },
          { stream: `Successfully built ${event.image.slice("sha256:".length, "sha256:".length + 12)}\n` },
          ...event.tags.map((tag) => ({ stream: `Successfully tagged ${tag}\n` })),
        ];
      case "dockerfile":
      case "checked":
      case "recorded":
        return [];
    }
  };
}

/** Splits output into lines. Docker's classic builder prints each line of stderr in red. */
function outputLines(text: string, stream: "stdout" | "stderr"): ClassicBuildLine[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines.map((line) => ({ stream: stream === "stderr" ? `\x1b[91m${line}\x1b[0m` : line }));
}
