import type { Command } from "./command.ts";

export interface CommandEntry {
  summary: string;
  /** Named in the first block of help. */
  common?: boolean;
  /** Left out of help. */
  hidden?: boolean;
  load(): Promise<Command>;
}

/** Every command is a module of its own, loaded when it is called: the rest costs no start time. */
export const commands: Record<string, CommandEntry> = {
  run: {
    summary: "Create and run a new container from an image",
    common: true,
    load: async () => (await import("../commands/container/run.ts")).runCommand,
  },
  ps: {
    summary: "List containers",
    common: true,
    load: async () => (await import("../commands/container/ps.ts")).psCommand,
  },
  exec: {
    summary: "Run a command in a running container",
    common: true,
    load: async () => (await import("../commands/container/exec.ts")).execCommand,
  },
  pull: {
    summary: "Download an image from a registry",
    common: true,
    load: async () => (await import("../commands/image/pull.ts")).pullCommand,
  },
  build: {
    summary: "Build an image from a Dockerfile",
    common: true,
    load: async () => (await import("../commands/build/build.ts")).buildCommand,
  },
  images: {
    summary: "List images",
    common: true,
    load: async () => (await import("../commands/image/images.ts")).imagesCommand,
  },
  logs: {
    summary: "Show what a container has written",
    common: true,
    load: async () => (await import("../commands/container/logs.ts")).logsCommand,
  },
  stop: {
    summary: "Stop one or more running containers",
    common: true,
    load: async () => (await import("../commands/container/stop.ts")).stopCommand,
  },
  rm: {
    summary: "Remove one or more containers",
    common: true,
    load: async () => (await import("../commands/container/rm.ts")).rmCommand,
  },
  doctor: {
    summary: "Show what this machine allows, and how to allow more",
    common: true,
    load: async () => (await import("../commands/system/doctor.ts")).doctorCommand,
  },
  attach: {
    summary: "Attach local standard input, output, and error streams to a running container",
    load: async () => (await import("../commands/container/attach.ts")).attachCommand,
  },
  commit: {
    summary: "Make an image out of a container and what it has changed",
    load: async () => (await import("../commands/container/commit.ts")).commitCommand,
  },
  completion: {
    summary: "Print a script that lets a shell complete the words of tbox",
    load: async () => (await import("../commands/system/completion.ts")).completionCommand,
  },
  __complete: {
    summary: "Print what the last word can become",
    hidden: true,
    load: async () => (await import("../commands/system/completion.ts")).completeCommand,
  },
  context: {
    summary: "Print the line that points Docker's clients at tbox",
    load: async () => (await import("../commands/system/context.ts")).contextCommand,
  },
  cp: {
    summary: "Copy files between a container and this machine",
    load: async () => (await import("../commands/container/cp.ts")).cpCommand,
  },
  create: {
    summary: "Create a new container",
    load: async () => (await import("../commands/container/create.ts")).createCommand,
  },
  daemon: {
    summary: "Run the daemon in the foreground, or stop the one that runs",
    load: async () => (await import("../commands/system/daemon.ts")).daemonCommand,
  },
  diff: {
    summary: "Show what a container has changed of its image",
    load: async () => (await import("../commands/container/diff.ts")).diffCommand,
  },
  events: {
    summary: "Show what happens, as it happens",
    load: async () => (await import("../commands/system/events.ts")).eventsCommand,
  },
  export: {
    summary: "Write a container's root file system as a tar archive",
    load: async () => (await import("../commands/container/export.ts")).exportCommand,
  },
  history: {
    summary: "Show what an image was made by",
    load: async () => (await import("../commands/image/history.ts")).historyCommand,
  },
  import: {
    summary: "Make an image from a root file system in a tar archive",
    load: async () => (await import("../commands/image/import.ts")).importCommand,
  },
  info: {
    summary: "Show facts on the daemon and this machine",
    load: async () => (await import("../commands/system/info.ts")).infoCommand,
  },
  inspect: {
    summary: "Show all that is known of containers and images",
    load: async () => (await import("../commands/system/inspect.ts")).inspectCommand,
  },
  kill: {
    summary: "Kill one or more running containers",
    load: async () => (await import("../commands/container/kill.ts")).killCommand,
  },
  load: {
    summary: "Load images from a tar archive",
    load: async () => (await import("../commands/image/load.ts")).loadCommand,
  },
  login: {
    summary: "Log in to a registry",
    load: async () => (await import("../commands/system/login.ts")).loginCommand,
  },
  logout: {
    summary: "Forget the credentials for a registry",
    load: async () => (await import("../commands/system/logout.ts")).logoutCommand,
  },
  pause: {
    summary: "Pause all processes within one or more containers",
    load: async () => (await import("../commands/container/pause.ts")).pauseCommand,
  },
  port: {
    summary: "List port mappings or a specific mapping for the container",
    load: async () => (await import("../commands/container/port.ts")).portCommand,
  },
  push: {
    summary: "Upload an image to a registry",
    load: async () => (await import("../commands/image/push.ts")).pushCommand,
  },
  rename: {
    summary: "Rename a container",
    load: async () => (await import("../commands/container/rename.ts")).renameCommand,
  },
  restart: {
    summary: "Restart one or more containers",
    load: async () => (await import("../commands/container/restart.ts")).restartCommand,
  },
  rmi: {
    summary: "Remove one or more images",
    load: async () => (await import("../commands/image/rmi.ts")).rmiCommand,
  },
  save: {
    summary: "Write images to a tar archive",
    load: async () => (await import("../commands/image/save.ts")).saveCommand,
  },
  start: {
    summary: "Start one or more stopped containers",
    load: async () => (await import("../commands/container/start.ts")).startCommand,
  },
  stats: {
    summary: "Display a live stream of what containers use",
    load: async () => (await import("../commands/container/stats.ts")).statsCommand,
  },
  tag: {
    summary: "Give an image one more name",
    load: async () => (await import("../commands/image/tag.ts")).tagCommand,
  },
  top: {
    summary: "Display the running processes of a container",
    load: async () => (await import("../commands/container/top.ts")).topCommand,
  },
  unpause: {
    summary: "Unpause all processes within one or more containers",
    load: async () => (await import("../commands/container/unpause.ts")).unpauseCommand,
  },
  update: {
    summary: "Change what may be changed of one or more containers",
    load: async () => (await import("../commands/container/update.ts")).updateCommand,
  },
  version: {
    summary: "Show the versions of tbox",
    load: async () => (await import("../commands/system/version.ts")).versionCommand,
  },
  wait: {
    summary: "Wait until containers stop, then print their exit codes",
    load: async () => (await import("../commands/container/wait.ts")).waitCommand,
  },
};
