import { namesOf } from "../../completion/names.ts";
import { type Candidate, planCompletion } from "../../completion/plan.ts";
import { scripts } from "../../completion/scripts.ts";
import { text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command } from "../../registry/command.ts";

export const completionCommand = command({
  synopsis: "bash|zsh|fish",
  description: [
    "Print a script that lets a shell complete the words of tbox",
    "  bash:  source <(tbox completion bash)",
    "  zsh:   source <(tbox completion zsh)",
    "  fish:  tbox completion fish | source",
  ].join("\n"),
  flags: {},
  arguments: { minimum: 1, maximum: 1 },
  async run({ positionals: [shell = ""] }) {
    const script = Object.entries(scripts).find(([name]) => name === shell)?.[1];
    if (script === undefined) throw new ExitError(`no completion for ${shell}: use bash, zsh or fish`, 1);
    await print(script);
    return 0;
  },
});

/** What the scripts call: a line for each word that fits. */
export const completeCommand = command({
  synopsis: "[--line LINE | -- WORD...]",
  description: "Print what the last word can become",
  flags: { line: text("A command line up to the cursor, the program's name included") },
  arguments: { minimum: 0, maximum: Number.POSITIVE_INFINITY },
  async run({ flags: { line }, positionals }) {
    const words = line === undefined ? positionals : splitLine(line).slice(1);
    const current = words.at(-1) ?? "";
    const completion = await planCompletion(words.slice(0, -1), current);
    switch (completion.kind) {
      case "words":
        await print(lines(completion.words, current));
        break;
      case "file":
        await print(":files\n");
        break;
      case "nothing":
        break;
      default:
        await print(
          lines(
            (await namesOf(completion.kind)).map((name) => ({ text: name, description: completion.kind })),
            current,
          ),
        );
    }
    return 0;
  },
});

function lines(candidates: Candidate[], current: string): string {
  const fitting = candidates.filter(({ text: word }) => word.startsWith(current));
  return fitting.map(({ text: word, description }) => `${word}\t${description}\n`).join("");
}

/** Words as a shell sees them; the last one is empty after a blank. */
function splitLine(line: string): string[] {
  const words = line.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"?|'[^']*'?)+/g) ?? [];
  const plain = words.map((word) => word.replace(/\\(.)|["']/g, "$1"));
  return /\s$/.test(line) || line === "" ? [...plain, ""] : plain;
}
