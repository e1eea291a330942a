import type { BuildLine } from "#api/answers/builds.ts";
import type { FailureFields } from "#api/answers/progress.ts";
import type { CommandEvent } from "#buildkit/command/command-build.ts";
import type { HttpBuild } from "#buildkit/control/http-build.ts";
import type { BuildKit } from "#buildkit/open-buildkit.ts";
import type { BuildEvent, BuildRequest } from "#builds/builder.ts";
import { DockerfileError } from "#builds/dockerfile/dockerfile-error.ts";
import { describeFile, type Question } from "#builds/outline/describe-file.ts";
import { StepError } from "#builds/solve/step-error.ts";
import { errorChain } from "#support/errors.ts";
import { streamLinesAndErrors } from "../../http/json-lines.ts";
import { describeError } from "../error-response.ts";
import { type ClassicOptions, classicLines } from "./classic-lines.ts";

type BuildEvents = AsyncGenerator<BuildEvent>;

/**
 * Returns the answer of `POST /build`. Throws an error that occurs before the first step, so that the response gets its
 * status. A later error becomes the last line. The build is cancelled when the client closes the connection.
 */
export async function classicBuildAnswer(events: BuildEvents, options: ClassicOptions): Promise<Response> {
  // The event with the Dockerfile's text, and findings in it, precede the errors of the request.
  const early: BuildEvent[] = [];
  let first = await events.next();
  while (!first.done && (first.value.type === "dockerfile" || first.value.type === "warning")) {
    early.push(first.value);
    first = await events.next().catch((error) => {
      throw error instanceof DockerfileError && !(error instanceof StepError) ? withLine(error) : error;
    });
  }
  async function* lines() {
    const shape = classicLines(options);
    for (const event of early) yield* shape(event);
    if (first.done) return;
    yield* shape(first.value);
    for await (const event of events) yield* shape(event);
  }
  return streamLinesAndErrors(lines(), { shape: (line) => line, failure: classicFailure });
}

/** Returns the answer of `POST /build?version=2`: lines with BuildKit's progress; every error is the last line. */
export async function sessionBuildAnswer(
  load: () => Promise<Pick<BuildKit, "build">>,
  build: HttpBuild,
): Promise<Response> {
  const lines = (await load()).build(build);
  return streamLinesAndErrors(lines, { shape: (line) => line, failure: sessionFailure });
}

function sessionFailure(error: unknown): FailureFields {
  const message = errorChain(error);
  return { errorDetail: { message }, error: message };
}

/** Returns the answer of `POST /tbox/build`: events as they are; every error is the last line. */
export function tboxBuildAnswer(events: BuildEvents | AsyncGenerator<CommandEvent>): Response {
  return streamLinesAndErrors(linesOf(events), { shape: (line) => line, failure: tboxFailure });
}

/** Returns the answer of a question of `POST /tbox/build` about the Dockerfile that a check reads. */
export function describedAnswer(
  events: BuildEvents,
  question: Question,
  { target, arguments: given }: Pick<BuildRequest, "target" | "arguments">,
): Response {
  async function* lines(): AsyncGenerator<BuildLine> {
    for await (const event of events) {
      if (event.type !== "dockerfile") continue;
      yield event;
      yield { type: "described", ...describeFile(question, event.text, { target, given }) };
      return;
    }
  }
  return streamLinesAndErrors(lines(), { shape: (line) => line, failure: tboxFailure });
}

async function* linesOf(events: BuildEvents | AsyncGenerator<CommandEvent>): AsyncGenerator<BuildLine> {
  for await (const event of events) if (event.type !== "recorded") yield event;
}

function withLine(error: DockerfileError): DockerfileError {
  const message = `dockerfile parse error on line ${error.lines.start}: ${error.message}`;
  return new DockerfileError(message, error.lines, { code: error.code, cause: error.cause });
}

function classicFailure(error: unknown): FailureFields {
  const { message } = describeError(error);
  const code = error instanceof StepError ? { code: error.exitCode } : {};
  return { errorDetail: { ...code, message }, error: message };
}

/** Returns the last line of a failed `POST /tbox/build`, with the lines of the Dockerfile that are at fault. */
function tboxFailure(error: unknown): BuildLine {
  const { status, message } = describeError(error);
  const lines = error instanceof DockerfileError ? { lines: error.lines } : {};
  return { type: "failed", status, message, ...lines };
}
