import { type CommandEntry, commands } from "./commands.ts";

/** Commands of Docker's that tbox does not have yet. */
export const unsupportedCommands = new Set(
  (
    "build builder buildx checkpoint commit compose config context cp diff events export history login " +
    "logout manifest network node pause plugin port push rename restart save search secret service stack " +
    "stats swarm tag top trust unpause update volume"
  ).split(" "),
);

const ofContainers = "attach create exec inspect kill logs rm run start stop wait".split(" ");
const ofImages = "import inspect load pull".split(" ");

/** The two-word forms: group, then word, then the command it stands for. */
export const groups: Record<string, { summary: string; words: Record<string, CommandEntry> }> = {
  container: {
    summary: "Manage containers",
    words: {
      ...pick(ofContainers),
      ...under(["ls", "list", "ps"], "ps"),
      ...under(["remove"], "rm"),
      inspect: {
        summary: "Show all that is known of containers",
        load: async () => (await import("./commands/inspect.ts")).inspectContainerCommand,
      },
    },
  },
  image: {
    summary: "Manage images",
    words: {
      ...pick(ofImages),
      ...under(["ls", "list"], "images"),
      ...under(["rm", "remove"], "rmi"),
      inspect: {
        summary: "Show all that is known of images",
        load: async () => (await import("./commands/inspect.ts")).inspectImageCommand,
      },
    },
  },
  system: {
    summary: "Manage tbox",
    words: {
      ...pick(["info"]),
      df: {
        summary: "Show what takes up the disk",
        load: async () => (await import("./commands/system-df.ts")).systemDfCommand,
      },
    },
  },
};

function pick(names: string[]): Record<string, CommandEntry> {
  return Object.fromEntries(names.flatMap((name) => Object.entries(under([name], name))));
}

function under(words: string[], name: string): Record<string, CommandEntry> {
  const entry = commands[name];
  return entry === undefined ? {} : Object.fromEntries(words.map((word) => [word, entry]));
}
