// Generated from the commands' definitions by `npm run docs`. Do not edit.
import type { IndexEntry } from "./index-entry.ts";

/** All commands. The module of a command is loaded when the command is called: loading all delays the start. */
export const commandIndex: readonly IndexEntry[] = [
  {
    names: ["attach", "container attach"],
    summary: "Attach local standard input, output, and error streams to a running container",
    load: async () => (await import("../commands/container/attach.ts")).attachCommand,
  },
  {
    names: ["build", "image build", "builder build"],
    summary: "Build an image from a Dockerfile",
    rank: 4,
    load: async () => (await import("../commands/build/build.ts")).buildCommand,
  },
  {
    names: ["builder prune"],
    summary: "Remove build cache",
    load: async () => (await import("../commands/build/prune.ts")).pruneBuilderCommand,
  },
  {
    names: ["commit", "container commit"],
    summary: "Create a new image from a container's changes",
    load: async () => (await import("../commands/container/commit.ts")).commitCommand,
  },
  {
    names: ["completion"],
    summary: "Generate a shell completion script",
    load: async () => (await import("../commands/system/completion.ts")).completionCommand,
  },
  {
    names: ["container inspect"],
    summary: "Display detailed information on one or more containers",
    load: async () => (await import("../commands/container/inspect.ts")).inspectContainerCommand,
  },
  {
    names: ["container prune"],
    summary: "Remove all stopped containers",
    load: async () => (await import("../commands/container/prune.ts")).pruneContainersCommand,
  },
  {
    names: ["context"],
    summary: "Print the DOCKER_HOST setting for Docker's clients",
    load: async () => (await import("../commands/system/context.ts")).contextCommand,
  },
  {
    names: ["cp", "container cp"],
    summary: "Copy files/folders between a container and the local filesystem",
    load: async () => (await import("../commands/container/cp.ts")).cpCommand,
  },
  {
    names: ["create", "container create"],
    summary: "Create a new container",
    load: async () => (await import("../commands/container/create.ts")).createCommand,
  },
  {
    names: ["daemon"],
    summary: "Run the daemon in the foreground, or stop the running one",
    load: async () => (await import("../commands/system/daemon.ts")).daemonCommand,
  },
  {
    names: ["diff", "container diff"],
    summary: "Inspect changes to files or directories on a container's filesystem",
    load: async () => (await import("../commands/container/diff.ts")).diffCommand,
  },
  {
    names: ["doctor"],
    summary: "Check what the host supports and suggest fixes",
    rank: 10,
    load: async () => (await import("../commands/system/doctor.ts")).doctorCommand,
  },
  {
    names: ["events", "system events"],
    summary: "Get real time events from the server",
    load: async () => (await import("../commands/system/events.ts")).eventsCommand,
  },
  {
    names: ["exec", "container exec"],
    summary: "Execute a command in a running container",
    rank: 2,
    load: async () => (await import("../commands/container/exec.ts")).execCommand,
  },
  {
    names: ["export", "container export"],
    summary: "Export a container's filesystem as a tar archive",
    load: async () => (await import("../commands/container/export.ts")).exportCommand,
  },
  {
    names: ["history", "image history"],
    summary: "Show the history of an image",
    load: async () => (await import("../commands/image/history.ts")).historyCommand,
  },
  {
    names: ["image inspect"],
    summary: "Display detailed information on one or more images",
    load: async () => (await import("../commands/image/inspect.ts")).inspectImageCommand,
  },
  {
    names: ["image prune"],
    summary: "Remove unused images",
    load: async () => (await import("../commands/image/prune.ts")).pruneImagesCommand,
  },
  {
    names: ["images", "image ls", "image list"],
    summary: "List images",
    rank: 6,
    load: async () => (await import("../commands/image/images.ts")).imagesCommand,
  },
  {
    names: ["import", "image import"],
    summary: "Import the contents from a tarball to create a filesystem image",
    load: async () => (await import("../commands/image/import.ts")).importCommand,
  },
  {
    names: ["info", "system info"],
    summary: "Display system-wide information",
    load: async () => (await import("../commands/system/info.ts")).infoCommand,
  },
  {
    names: ["inspect"],
    summary: "Return low-level information on containers and images",
    load: async () => (await import("../commands/system/inspect.ts")).inspectCommand,
  },
  {
    names: ["kill", "container kill"],
    summary: "Kill one or more running containers",
    load: async () => (await import("../commands/container/kill.ts")).killCommand,
  },
  {
    names: ["load", "image load"],
    summary: "Load an image from a tar archive or STDIN",
    load: async () => (await import("../commands/image/load.ts")).loadCommand,
  },
  {
    names: ["login"],
    summary: "Authenticate to a registry",
    load: async () => (await import("../commands/registry/login.ts")).loginCommand,
  },
  {
    names: ["logout"],
    summary: "Log out from a registry",
    load: async () => (await import("../commands/registry/logout.ts")).logoutCommand,
  },
  {
    names: ["logs", "container logs"],
    summary: "Fetch the logs of a container",
    rank: 7,
    load: async () => (await import("../commands/container/logs.ts")).logsCommand,
  },
  {
    names: ["network connect"],
    summary: "Connect a container to a network",
    load: async () => (await import("../commands/network/connect.ts")).connectNetworkCommand,
  },
  {
    names: ["network create"],
    summary: "Create a network",
    load: async () => (await import("../commands/network/create.ts")).createNetworkCommand,
  },
  {
    names: ["network disconnect"],
    summary: "Disconnect a container from a network",
    load: async () => (await import("../commands/network/disconnect.ts")).disconnectNetworkCommand,
  },
  {
    names: ["network inspect"],
    summary: "Display detailed information on one or more networks",
    load: async () => (await import("../commands/network/inspect.ts")).inspectNetworkCommand,
  },
  {
    names: ["network ls", "network list"],
    summary: "List networks",
    load: async () => (await import("../commands/network/list.ts")).listNetworksCommand,
  },
  {
    names: ["network prune"],
    summary: "Remove all unused networks",
    load: async () => (await import("../commands/network/prune.ts")).pruneNetworksCommand,
  },
  {
    names: ["network rm", "network remove"],
    summary: "Remove one or more networks",
    load: async () => (await import("../commands/network/remove.ts")).removeNetworkCommand,
  },
  {
    names: ["pause", "container pause"],
    summary: "Pause all processes within one or more containers",
    load: async () => (await import("../commands/container/pause.ts")).pauseCommand,
  },
  {
    names: ["port", "container port"],
    summary: "List port mappings or a specific mapping for the container",
    load: async () => (await import("../commands/container/port.ts")).portCommand,
  },
  {
    names: ["ps", "container ls", "container list", "container ps"],
    summary: "List containers",
    rank: 3,
    load: async () => (await import("../commands/container/ps.ts")).psCommand,
  },
  {
    names: ["pull", "image pull"],
    summary: "Download an image from a registry",
    rank: 5,
    load: async () => (await import("../commands/image/pull.ts")).pullCommand,
  },
  {
    names: ["push", "image push"],
    summary: "Upload an image to a registry",
    load: async () => (await import("../commands/image/push.ts")).pushCommand,
  },
  {
    names: ["rename", "container rename"],
    summary: "Rename a container",
    load: async () => (await import("../commands/container/rename.ts")).renameCommand,
  },
  {
    names: ["restart", "container restart"],
    summary: "Restart one or more containers",
    load: async () => (await import("../commands/container/restart.ts")).restartCommand,
  },
  {
    names: ["rm", "container rm", "container remove"],
    summary: "Remove one or more containers",
    rank: 9,
    load: async () => (await import("../commands/container/rm.ts")).rmCommand,
  },
  {
    names: ["rmi", "image rm", "image remove"],
    summary: "Remove one or more images",
    load: async () => (await import("../commands/image/rmi.ts")).rmiCommand,
  },
  {
    names: ["run", "container run"],
    summary: "Create and run a new container from an image",
    rank: 1,
    load: async () => (await import("../commands/container/run.ts")).runCommand,
  },
  {
    names: ["save", "image save"],
    summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    load: async () => (await import("../commands/image/save.ts")).saveCommand,
  },
  {
    names: ["setup systemd"],
    summary: "Start the daemon through systemd user units",
    load: async () => (await import("../commands/system/setup-systemd.ts")).setupSystemdCommand,
  },
  {
    names: ["start", "container start"],
    summary: "Start one or more stopped containers",
    load: async () => (await import("../commands/container/start.ts")).startCommand,
  },
  {
    names: ["stats", "container stats"],
    summary: "Display a live stream of container(s) resource usage statistics",
    load: async () => (await import("../commands/container/stats.ts")).statsCommand,
  },
  {
    names: ["stop", "container stop"],
    summary: "Stop one or more running containers",
    rank: 8,
    load: async () => (await import("../commands/container/stop.ts")).stopCommand,
  },
  {
    names: ["system check"],
    summary: "Verify stored images and repair damage",
    load: async () => (await import("../commands/system/check.ts")).systemCheckCommand,
  },
  {
    names: ["system df"],
    summary: "Show disk usage",
    load: async () => (await import("../commands/system/disk-usage.ts")).systemDfCommand,
  },
  {
    names: ["system prune"],
    summary: "Remove unused data",
    load: async () => (await import("../commands/system/prune.ts")).pruneSystemCommand,
  },
  {
    names: ["tag", "image tag"],
    summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    load: async () => (await import("../commands/image/tag.ts")).tagCommand,
  },
  {
    names: ["top", "container top"],
    summary: "Display the running processes of a container",
    load: async () => (await import("../commands/container/top.ts")).topCommand,
  },
  {
    names: ["unpause", "container unpause"],
    summary: "Unpause all processes within one or more containers",
    load: async () => (await import("../commands/container/unpause.ts")).unpauseCommand,
  },
  {
    names: ["update", "container update"],
    summary: "Update configuration of one or more containers",
    load: async () => (await import("../commands/container/update.ts")).updateCommand,
  },
  {
    names: ["version"],
    summary: "Show the tbox version information",
    load: async () => (await import("../commands/system/version.ts")).versionCommand,
  },
  {
    names: ["volume create"],
    summary: "Create a volume",
    load: async () => (await import("../commands/volume/create.ts")).createVolumeCommand,
  },
  {
    names: ["volume inspect"],
    summary: "Display detailed information on one or more volumes",
    load: async () => (await import("../commands/volume/inspect.ts")).inspectVolumeCommand,
  },
  {
    names: ["volume ls", "volume list"],
    summary: "List volumes",
    load: async () => (await import("../commands/volume/list.ts")).listVolumesCommand,
  },
  {
    names: ["volume prune"],
    summary: "Remove unused local volumes",
    load: async () => (await import("../commands/volume/prune.ts")).pruneVolumesCommand,
  },
  {
    names: ["volume rm", "volume remove"],
    summary: "Remove one or more volumes",
    load: async () => (await import("../commands/volume/remove.ts")).removeVolumeCommand,
  },
  {
    names: ["wait", "container wait"],
    summary: "Block until one or more containers stop, then print their exit codes",
    load: async () => (await import("../commands/container/wait.ts")).waitCommand,
  },
];
