import { scripts } from "../../completion/scripts.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const completionCommand = command({
  name: "completion",
  summary: "Generate a shell completion script",
  synopsis: "bash|zsh|fish",
  flags: {},
  arguments: exactly(1),
  examples: [
    { line: "source <(tbox completion bash)", purpose: "Enable completion in bash" },
    { line: "source <(tbox completion zsh)", purpose: "Enable completion in zsh" },
    { line: "tbox completion fish | source", purpose: "Enable completion in fish" },
  ],
  async run({ positionals: [shell = ""] }) {
    const script = Object.entries(scripts).find(([name]) => name === shell)?.[1];
    if (script === undefined) throw new ExitError(`unsupported shell "${shell}": use bash, zsh or fish`, 1);
    await print(script);
    return 0;
  },
});
