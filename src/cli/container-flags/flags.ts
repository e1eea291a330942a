import { parseBytes } from "#support/bytes.ts";
import { parseNanoseconds } from "#support/time/duration.ts";
import { bool, integer, list, listOf, parsed, text, word } from "../flags/kinds.ts";
import { parseDevice } from "../values/device.ts";
import { parseEnvironmentEntry, parseLabel, parseSysctl } from "../values/entries.ts";
import { parseExtraHost, parseIpAddress } from "../values/host-addresses.ts";
import { parseMount } from "../values/mount.ts";
import { parseNetwork } from "../values/network.ts";
import { parseExpose, parsePublish } from "../values/publish.ts";
import { parseRestartPolicy } from "../values/restart-policy.ts";
import { parseStreamName } from "../values/stream-name.ts";
import { parseUlimit } from "../values/ulimit.ts";
import { deviceRateFlags, resourceFlags } from "./resource-flags.ts";
import { unsupportedContainerFlags } from "./unsupported-flags.ts";

const duration = { valueName: "duration" };

/** Flags of both `run` and `create`. */
export const containerFlags = {
  "add-host": listOf("Add a custom host-to-IP mapping (host:ip)", parseExtraHost),
  annotation: listOf("Add an annotation to the container", parseLabel, { valueName: "map" }),
  attach: listOf("Attach to STDIN, STDOUT or STDERR", parseStreamName, { short: "a" }),
  "cgroup-parent": text("Optional parent cgroup for the container"),
  "cap-add": list("Add Linux capabilities"),
  "cap-drop": list("Drop Linux capabilities"),
  cgroupns: text("Cgroup namespace to use (host, private)"),
  cidfile: text("Write the container ID to the file", { completes: "file" }),
  device: listOf("Add a host device to the container", parseDevice),
  dns: listOf("Set custom DNS servers", parseIpAddress),
  "dns-option": list("Set DNS options", { also: "dns-opt" }),
  "dns-search": list("Set custom DNS search domains"),
  domainname: text("Container NIS domain name"),
  entrypoint: text("Overwrite the default ENTRYPOINT of the image"),
  env: listOf("Set environment variables", parseEnvironmentEntry, { short: "e" }),
  "env-file": list("Read in a file of environment variables", { completes: "file" }),
  expose: listOf("Expose a port or a range of ports", parseExpose),
  "group-add": list("Add additional groups to join"),
  "health-cmd": text("Command to run to check health"),
  "health-interval": parsed("Time between running the check (ms|s|m|h)", parseNanoseconds, duration),
  "health-retries": integer("Consecutive failures needed to report unhealthy"),
  "health-start-interval": parsed(
    "Time between running the check during the start period (ms|s|m|h)",
    parseNanoseconds,
    duration,
  ),
  "health-start-period": parsed(
    "Start period for the container to initialize before counting failures (ms|s|m|h)",
    parseNanoseconds,
    duration,
  ),
  "health-timeout": parsed("Maximum time to allow one check to run (ms|s|m|h)", parseNanoseconds, duration),
  hostname: text("Container host name", { short: "h" }),
  privileged: bool("Give extended privileges to this container, up to your own"),
  init: bool("Run an init inside the container that forwards signals and reaps processes"),
  interactive: bool("Keep STDIN open even if not attached", { short: "i" }),
  ipc: text("IPC mode to use (none, private, shareable, host, container:ID)"),
  label: listOf("Set meta data on a container", parseLabel, { short: "l" }),
  "label-file": list("Read in a line delimited file of labels", { completes: "file" }),
  "log-driver": text("Logging driver for the container (json-file, local, journald, syslog, fluentd, none)"),
  "log-opt": list("Log driver options"),
  mount: listOf("Attach a filesystem mount to the container", parseMount, { valueName: "mount" }),
  name: text("Assign a name to the container"),
  ip: parsed("IPv4 address (e.g., 172.30.100.104)", parseIpAddress),
  ip6: parsed("IPv6 address (e.g., 2001:db8::33)", parseIpAddress),
  link: list("Add link to another container (name:alias)"),
  "link-local-ip": listOf("Container IPv4/IPv6 link-local addresses", parseIpAddress),
  "mac-address": text("Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
  network: listOf("Connect a container to a network (name, none, host, container:name)", parseNetwork, {
    valueName: "network",
    also: "net",
    completes: "network",
  }),
  "network-alias": list("Add network-scoped alias for the container", { also: "net-alias" }),
  "no-healthcheck": bool("Disable any container-specified HEALTHCHECK"),
  pid: text("PID namespace to use (host, container:ID)"),
  platform: text("Set platform if the image is multi-platform (os/arch[/variant])"),
  publish: listOf("Publish a container's port(s) to the host", parsePublish, { short: "p" }),
  "publish-all": bool("Publish all exposed ports to random ports", { short: "P" }),
  pull: word("Pull image before running (always, missing, never)", ["always", "missing", "never"] as const, {
    shownDefault: "missing",
  }),
  quiet: bool("Suppress the pull output", { short: "q" }),
  "read-only": bool("Mount the container's root filesystem as read only"),
  restart: parsed("Restart policy to apply when a container exits", parseRestartPolicy),
  rm: bool("Automatically remove the container when it exits"),
  rootfs: text("Use a host directory as the root filesystem instead of an image; changes are discarded", {
    valueName: "directory",
  }),
  runtime: text("Runtime to use for this container (tbox)"),
  "security-opt": list("Security options"),
  "shm-size": parsed("Size of /dev/shm", parseBytes, { valueName: "bytes" }),
  "stop-signal": text("Signal to stop the container"),
  "stop-timeout": integer("Timeout (in seconds) to stop a container"),
  sysctl: listOf("Sysctl options", parseSysctl, { valueName: "map" }),
  tmpfs: list("Mount a tmpfs directory"),
  tty: bool("Allocate a pseudo-TTY", { short: "t" }),
  ulimit: listOf("Ulimit options", parseUlimit, { valueName: "ulimit" }),
  "use-api-socket": bool("Bind mount the API socket and pass on the credentials of registries"),
  user: text("Username or UID (format: <name|uid>[:<group|gid>])", { short: "u" }),
  userns: text("User namespace to use (host, keep-id, keep-id:uid=N,gid=N, keep-id:user=NAME)"),
  uts: text("UTS namespace to use (host)"),
  volume: list("Bind mount a volume", { short: "v", completes: "file" }),
  "volumes-from": list("Mount volumes from the specified container(s)", { completes: "container" }),
  workdir: text("Working directory inside the container", { short: "w" }),
  ...resourceFlags,
  ...deviceRateFlags,
  limits: word(
    "Handling of limits that the host cannot enforce (strict: fail, warn: continue)",
    ["strict", "warn"] as const,
    {
      shownDefault: "strict",
    },
  ),
  "oom-score-adj": integer("Tune host's OOM preferences (-1000 to 1000)"),
  ...unsupportedContainerFlags,
};

export type ContainerFlags = typeof containerFlags;
