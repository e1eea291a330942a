import { describe, expect, test } from "bun:test";
import { errorChain } from "#support/errors.ts";
import { DockerfileError } from "./dockerfile-error.ts";
import { readStages } from "./read-stages.ts";

/**
 * Each folder of `cases` contains a Dockerfile and the expected result. A new folder without `expected` fails and shows
 * the actual result.
 */
const folder = `${import.meta.dirname}/cases`;

describe("Dockerfiles", () => {
  const names = [...new Bun.Glob("*/Dockerfile").scanSync(folder)].map((path) => path.split("/")[0] ?? "");
  test.each(names.toSorted())("%s", async (name) => {
    const text = await Bun.file(`${folder}/${name}/Dockerfile`).text();
    const expected = Bun.file(`${folder}/${name}/expected`);
    expect(describeStages(text)).toBe((await expected.exists()) ? await expected.text() : "");
  });
});

/** Formats one instruction per line. */
function describeStages(text: string): string {
  try {
    const { globals, stages, escapeMark, warnings } = readStages(text);
    const instructions = [...globals, ...stages.flatMap(({ from, instructions }) => [from, ...instructions])];
    const lines = instructions.map(({ source: _, lines: { start, end }, ...rest }) => {
      return `${start === end ? start : `${start}-${end}`} ${JSON.stringify(rest)}`;
    });
    const notes = warnings.map(({ message, line }) => `warning at ${line}: ${message}`);
    return `${[`escape ${escapeMark}`, ...lines, ...notes].join("\n")}\n`;
  } catch (error) {
    const at = error instanceof DockerfileError ? ` at ${error.lines.start}-${error.lines.end}` : "";
    return `error${at}: ${errorChain(error)}\n`;
  }
}
