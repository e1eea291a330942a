import type { BuildEvent } from "#builds/builder.ts";
import { DockerfileError } from "#builds/dockerfile/dockerfile-error.ts";
import { StepError } from "#builds/solve/step-error.ts";
import { streamed } from "../http/streamed.ts";
import { describeError } from "./error-response.ts";

type Shape = (event: BuildEvent) => object[];
type ShapeFailure = (error: unknown) => object;

/** Like `buildLines`, but a failure before anything has happened is thrown, so that it gets a status. */
export async function buildAnswer(
  events: AsyncGenerator<BuildEvent>,
  shape: Shape,
  shapeFailure: ShapeFailure,
): Promise<Response> {
  // The text of the Dockerfile comes before it is read.
  const early: BuildEvent[] = [];
  let first = await events.next();
  while (!first.done && first.value.type === "dockerfile") {
    early.push(first.value);
    first = await events.next().catch((error) => {
      throw error instanceof DockerfileError && !(error instanceof StepError) ? located(error) : error;
    });
  }
  async function* all(): AsyncGenerator<BuildEvent> {
    yield* early;
    if (first.done) return;
    yield first.value;
    yield* events;
  }
  return buildLines(all(), shape, shapeFailure);
}

/** One JSON object a line for what happens; a failure is the last line. Who stops reading ends the build. */
export function buildLines(
  events: AsyncGenerator<BuildEvent>,
  shape: Shape,
  shapeFailure: ShapeFailure,
): Response {
  async function* lines(): AsyncGenerator<string, void, void> {
    try {
      for await (const event of events) {
        for (const line of shape(event)) yield `${JSON.stringify(line)}\r\n`;
      }
    } catch (error) {
      yield `${JSON.stringify(shapeFailure(error))}\r\n`;
    }
  }
  return streamed(lines(), "application/json");
}

function located(error: DockerfileError): DockerfileError {
  const message = `dockerfile parse error on line ${error.lines.start}: ${error.message}`;
  return new DockerfileError(message, error.lines, { code: error.code, cause: error.cause });
}

/** The last line for Docker's own clients. */
export function classicFailure(error: unknown): object {
  const { message } = describeError(error);
  const code = error instanceof StepError ? { code: error.exitCode } : {};
  return { errorDetail: { ...code, message }, error: message };
}

/** The last line for tbox, which shows the part of the Dockerfile that is to blame. */
export function tboxFailure(error: unknown): object {
  const { status, message } = describeError(error);
  return {
    type: "failed",
    status,
    message,
    ...(error instanceof DockerfileError ? { lines: error.lines } : {}),
  };
}
