import type { LineRangeAnswer } from "#api/answers/builds.ts";

/** Number of lines before and after the faulty ones. */
const context = 2;

/** A Dockerfile with its name. */
export interface DockerfileText {
  name: string;
  text: string;
}

/** Returns the faulty lines of the Dockerfile, marked, and the lines around them; empty without a range of lines. */
export function excerpt(dockerfile: DockerfileText | undefined, range: LineRangeAnswer | undefined): string {
  if (dockerfile === undefined || range === undefined || range.start === 0) return "";
  const { start, end } = range;
  const lines = dockerfile.text.split("\n");
  const rule = "-".repeat(20);
  const shown = lines
    .map((text, index) => ({ text: text.replace(/\r$/, ""), number: index + 1 }))
    .filter(({ number }) => number >= start - context && number <= end + context && number <= lines.length)
    .map(({ text, number }) => {
      const mark = number >= start && number <= end ? ">>>" : "   ";
      return `${String(number).padStart(4)} | ${mark} ${text}`;
    });
  return `${dockerfile.name}:${start}\n${rule}\n${shown.join("\n")}\n${rule}\n`;
}
