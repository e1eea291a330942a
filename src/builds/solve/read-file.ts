import type { BuildEvent } from "../builder.ts";
import { DockerfileSyntaxError, whileReading } from "../dockerfile/dockerfile-error.ts";
import { readStages, type Stages } from "../dockerfile/read-stages.ts";
import { type Lint, openLint } from "../lint/lint.ts";
import { lintFile } from "../lint/lint-file.ts";
import type { GlobalValues } from "../lint/lint-from.ts";

interface Linting {
  /** Settings that replace those of the file. */
  check: string | undefined;
  globals(read: Stages): GlobalValues;
  /** Tests whether `.dockerignore` excludes a path. */
  ignored(path: string): boolean;
  emit(event: BuildEvent): void;
}

/** Reads the stages of a Dockerfile and reports its findings; those above the first error, if it cannot be parsed. */
export function readAndLint(text: string, linting: Linting): { read: Stages; lint: Lint } {
  try {
    const read = whileReading(() => readStages(text));
    return { read, lint: lintStages(read, text, linting) };
  } catch (error) {
    if (error instanceof DockerfileSyntaxError) lintAbove(error, text, linting);
    throw error;
  }
}

function lintStages(read: Stages, text: string, { check, globals, ignored, emit }: Linting): Lint {
  const lint = openLint(text, check ?? read.check, emit);
  lint.report(lintFile(read, { text, globals: globals(read), ignored }));
  return lint;
}

/** Reports the findings in the lines above an error, unless they contain an error as well. */
function lintAbove({ lines }: DockerfileSyntaxError, text: string, linting: Linting): void {
  const above = text
    .split("\n")
    .slice(0, lines.start - 1)
    .join("\n");
  try {
    lintStages(readStages(above), above, linting);
  } catch {
    // The error below is the one to report.
  }
}
