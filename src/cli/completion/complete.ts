import { text } from "../flags/kinds.ts";
import { print } from "../output/output.ts";
import { atLeast, command } from "../registry/command.ts";
import { namesOf } from "./names.ts";
import { type Candidate, planCompletion } from "./plan.ts";

/** The command that completion scripts call. Prints one line for each candidate for the last word. */
export const completeCommand = command({
  name: "__complete",
  summary: "Print the candidates for the last word of a command line",
  synopsis: "[--line LINE | -- WORD...]",
  flags: { line: text("A command line up to the cursor, including the program's name") },
  arguments: atLeast(0),
  async run({ flags: { line }, positionals }) {
    const words = line === undefined ? positionals : splitLine(line).slice(1);
    const current = words.at(-1) ?? "";
    const completion = await planCompletion(words.slice(0, -1), current);
    if (completion.kind === "nothing") return 0;
    if (completion.kind === "file") await print(":files\n");
    else if (completion.kind === "words") await print(candidateLines(completion.words, current));
    else {
      const { kind } = completion;
      const names = (await namesOf(kind)).map((name) => ({ text: name, description: kind }));
      await print(candidateLines(names, current));
    }
    return 0;
  },
});

function candidateLines(candidates: Candidate[], current: string): string {
  const fitting = candidates.filter(({ text: word }) => word.startsWith(current));
  return fitting.map(({ text: word, description }) => `${word}\t${description}\n`).join("");
}

/** Splits a line into words as a shell does; the last word is empty after white space. */
function splitLine(line: string): string[] {
  const words = line.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"?|'[^']*'?)+/g) ?? [];
  const plain = words.map((word) => word.replace(/\\(.)|["']/g, "$1"));
  return /\s$/.test(line) || line === "" ? [...plain, ""] : plain;
}
