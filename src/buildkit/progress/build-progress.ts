import type { BuildEvent, StepTitle } from "#builds/builder.ts";
import type { LineRange } from "#builds/dockerfile/statement.ts";
import { describeRule } from "#builds/lint/describe-rule.ts";
import { ruleAddress } from "./rule-address.ts";
import { type SourceText, sourceOf } from "./source-text.ts";
import type { Vertex, Vertices } from "./vertices.ts";

/** The vertices of a Dockerfile's steps. */
export interface BuildProgress {
  take(event: BuildEvent): void;
  /** Ends the steps that are running: the step at fault with its error, the others as cancelled. */
  fail(message: string, lines: LineRange | undefined): void;
  /** The Dockerfile, once it was read. */
  source(): SourceText | undefined;
}

/** Warnings that a build has shown: builds for several platforms share the findings about their Dockerfile. */
export type ShownWarnings = Set<string>;

/** Opens the progress of a Dockerfile, for the platform `prefix` if there are several. Warnings belong to `definition`, the vertex that read the Dockerfile. */
export function openBuildProgress(
  vertices: Vertices,
  definition: () => string,
  { prefix, shown = new Set() }: { prefix?: string | undefined; shown?: ShownWarnings } = {},
): BuildProgress {
  const steps = new Map<number, { vertex: Vertex; title: StepTitle }>();
  const pulls = new Map<string, Vertex>();
  let source: SourceText | undefined;
  const finishPulls = () => {
    for (const vertex of pulls.values()) vertex.finish();
    pulls.clear();
  };
  return {
    source: () => source,
    take(event) {
      switch (event.type) {
        case "dockerfile":
          source = { name: event.name, text: event.text };
          return;
        case "started":
          if (event.step.place) {
            steps.set(event.step.number, {
              vertex: vertices.start(nameOf(event.step, prefix)),
              title: event.step,
            });
          }
          return;
        case "output":
          steps.get(event.number)?.vertex.log(event.stream === "stdout" ? 1 : 2, event.text);
          return;
        case "finished":
          steps.get(event.number)?.vertex.finish({ cached: event.cached });
          steps.delete(event.number);
          return;
        case "pulling": {
          const { image, progress } = event;
          const vertex = pulls.get(image) ?? vertices.start(`[internal] pull ${image}`);
          pulls.set(image, vertex);
          takePull(vertex, progress);
          return;
        }
        case "warning": {
          const key = `${event.lines?.start} ${event.text}`;
          if (shown.has(key)) return;
          shown.add(key);
          vertices.log.push({ warnings: [warningOf(event, definition(), source)] });
          return;
        }
        case "built":
        case "checked":
          finishPulls();
          return;
        case "running":
        case "recorded":
          return;
      }
    },
    fail(message, lines) {
      for (const { vertex, title } of steps.values()) {
        const atFault = lines !== undefined && title.lines?.start === lines.start;
        vertex.finish({ error: atFault ? message : "context canceled" });
      }
      steps.clear();
      finishPulls();
    },
  };
}

/** Returns the name that clients show: `[stage 2/3] RUN make`, with the platform in front if there are several. */
function nameOf({ stage, place, text }: StepTitle, prefix: string | undefined): string {
  const words = [prefix, stage, `${place?.number ?? 1}/${place?.total ?? 1}`];
  return `[${words.filter((word) => word !== undefined).join(" ")}] ${text}`;
}

function takePull(
  vertex: Vertex,
  { id, status, current, total }: Extract<BuildEvent, { type: "pulling" }>["progress"],
) {
  if (id === undefined) return;
  const done = /^(?:Pull complete|Already exists|Download complete)$/.test(status);
  vertex.part(id, {
    ...(current === undefined ? {} : { current }),
    ...(total === undefined ? {} : { total }),
    done,
  });
}

function warningOf(
  { text, rule, lines }: Extract<BuildEvent, { type: "warning" }>,
  vertex: string,
  source: SourceText | undefined,
) {
  const at = lines === undefined ? "" : ` (line ${lines.start})`;
  return {
    vertex,
    level: 1,
    short: Buffer.from(`${text}${at}`),
    ...(rule === undefined ? {} : aboutRule(rule)),
    ...(source === undefined || lines === undefined ? {} : sourceOf(source, lines)),
  };
}

function aboutRule(rule: string) {
  const [url, description] = [ruleAddress(rule), describeRule(rule)];
  return {
    ...(url === undefined ? {} : { url }),
    ...(description === undefined ? {} : { detail: [Buffer.from(description)] }),
  };
}
