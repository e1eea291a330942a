import type { Command } from "./command.ts";
import { type CommandEntry, commands } from "./commands.ts";

/** Commands of Docker's that tbox does not have yet. */
export const unsupportedCommands = new Set(
  (
    "buildx checkpoint compose config manifest node plugin search " + "secret service stack swarm trust"
  ).split(" "),
);

const ofContainers =
  "attach commit cp create diff exec export inspect kill logs pause port rename restart rm run start stats stop top unpause update wait".split(
    " ",
  );
const ofImages = "build history import inspect load pull push save tag".split(" ");

/** The two-word forms: group, then word, then the command it stands for. */
export const groups: Record<string, { summary: string; words: Record<string, CommandEntry> }> = {
  container: {
    summary: "Manage containers",
    words: {
      ...pick(ofContainers),
      ...under(["ls", "list", "ps"], "ps"),
      ...under(["remove"], "rm"),
      prune: {
        summary: "Remove all stopped containers",
        load: async () => (await import("../commands/system/prune.ts")).pruneContainersCommand,
      },
      inspect: {
        summary: "Show all that is known of containers",
        load: async () => (await import("../commands/system/inspect.ts")).inspectContainerCommand,
      },
    },
  },
  image: {
    summary: "Manage images",
    words: {
      ...pick(ofImages),
      ...under(["ls", "list"], "images"),
      ...under(["rm", "remove"], "rmi"),
      prune: {
        summary: "Remove unused images",
        load: async () => (await import("../commands/system/prune.ts")).pruneImagesCommand,
      },
      inspect: {
        summary: "Show all that is known of images",
        load: async () => (await import("../commands/system/inspect.ts")).inspectImageCommand,
      },
    },
  },
  builder: {
    summary: "Manage builds",
    words: {
      ...pick(["build"]),
      prune: {
        summary: "Remove what builds keep",
        load: async () => (await import("../commands/system/prune.ts")).pruneBuilderCommand,
      },
    },
  },
  volume: {
    summary: "Manage volumes",
    words: {
      create: volumeWord("Create a volume", (module) => module.createVolumeCommand),
      inspect: volumeWord("Show all that is known of volumes", (module) => module.inspectVolumeCommand),
      ls: volumeWord("List volumes", (module) => module.listVolumesCommand),
      list: volumeWord("List volumes", (module) => module.listVolumesCommand),
      prune: volumeWord("Remove volumes that no container uses", (module) => module.pruneVolumesCommand),
      rm: volumeWord("Remove one or more volumes", (module) => module.removeVolumeCommand),
      remove: volumeWord("Remove one or more volumes", (module) => module.removeVolumeCommand),
    },
  },
  network: {
    summary: "Manage networks",
    words: {
      connect: networkWord("Connect a container to a network", (module) => module.connectNetworkCommand),
      create: networkWord("Create a network", (module) => module.createNetworkCommand),
      disconnect: networkWord(
        "Disconnect a container from a network",
        (module) => module.disconnectNetworkCommand,
      ),
      inspect: networkWord("Show all that is known of networks", (module) => module.inspectNetworkCommand),
      ls: networkWord("List networks", (module) => module.listNetworksCommand),
      list: networkWord("List networks", (module) => module.listNetworksCommand),
      prune: {
        summary: "Remove all networks that no container is on",
        load: async () => (await import("../commands/system/prune.ts")).pruneNetworksCommand,
      },
      rm: networkWord("Remove one or more networks", (module) => module.removeNetworkCommand),
      remove: networkWord("Remove one or more networks", (module) => module.removeNetworkCommand),
    },
  },
  setup: {
    summary: "Set up what tbox can do without",
    words: {
      systemd: {
        summary: "Have your own systemd start the daemon",
        load: async () => (await import("../commands/system/setup-systemd.ts")).setupSystemdCommand,
      },
    },
  },
  system: {
    summary: "Manage tbox",
    words: {
      ...pick(["events", "info"]),
      prune: {
        summary: "Remove what is not used",
        load: async () => (await import("../commands/system/prune.ts")).pruneSystemCommand,
      },
      check: {
        summary: "Find what is damaged on the disk, and repair it",
        load: async () => (await import("../commands/system/system-check.ts")).systemCheckCommand,
      },
      df: {
        summary: "Show what takes up the disk",
        load: async () => (await import("../commands/system/system-df.ts")).systemDfCommand,
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

function volumeWord(
  summary: string,
  pickFrom: (module: typeof import("../commands/volume/volume.ts")) => Command,
): CommandEntry {
  return { summary, load: async () => pickFrom(await import("../commands/volume/volume.ts")) };
}

function networkWord(
  summary: string,
  pickFrom: (module: typeof import("../commands/network/network.ts")) => Command,
): CommandEntry {
  return { summary, load: async () => pickFrom(await import("../commands/network/network.ts")) };
}
