import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import type { ContainerSummary } from "#api/answers/container-summary.ts";
import { request } from "#client/api.ts";
import { fetchJson, fetchLines } from "#client/endpoints.ts";
import { dataDirectory } from "#support/directories.ts";
import { errorChain } from "#support/errors.ts";
import { buildDate, commit, version } from "#support/version.ts";
import type { PackedFile } from "../../../archives/pack-files.ts";
import { accountName } from "../../../values/account-name.ts";
import { maskSecrets, removed, withoutSecrets } from "./without-secrets.ts";

/** Number of bytes at the end of the daemon's log that a report contains. */
const logBytes = 1024 * 1024;

/** Maximum number of containers whose details a report contains. */
const maxContainers = 200;

/** Environment variables that decide where and how tbox works. */
const variables = [
  "DOCKER_CONFIG",
  "DOCKER_CONTEXT",
  "DOCKER_HOST",
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "LANG",
  "NO_PROXY",
  "TERM",
  "TMPDIR",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_RUNTIME_DIR",
];

/** Kernel files that decide what the host supports. */
const kernelFiles = [
  "/proc/version",
  "/proc/cmdline",
  "/proc/meminfo",
  "/proc/loadavg",
  "/proc/self/cgroup",
  "/proc/self/limits",
  "/proc/self/mountinfo",
  "/proc/self/uid_map",
  "/proc/sys/user/max_user_namespaces",
  "/proc/sys/kernel/unprivileged_userns_clone",
  "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
  "/sys/fs/cgroup/cgroup.controllers",
  "/etc/os-release",
];

type Part = [path: string, collect: () => Promise<string> | string];

/**
 * Collects the files of a report for a bug report, without secrets. A part that cannot be collected is replaced with
 * its error, for example if the daemon does not start.
 */
export async function collectReport({ isOwn }: { isOwn: boolean }): Promise<PackedFile[]> {
  const client = { Version: version, GitCommit: commit, BuildTime: buildDate, Bun: Bun.version };
  const parts: Part[] = [["client.json", () => json(client)]];
  if (isOwn) parts.push(...hostParts());
  parts.push(["daemon/version.json", async () => json(await fetchJson("GET /version"))]);
  const files: PackedFile[] = [];
  for (const part of parts) files.push(await collect(part));
  // Each request would try again to start a daemon that does not start.
  const answered = files.some(({ path }) => path === "daemon/version.json");
  if (answered) for (const part of daemonParts()) files.push(await collect(part));
  return files;
}

async function collect([path, part]: Part): Promise<PackedFile> {
  try {
    return file(path, await part());
  } catch (error) {
    return file(`${path}.error.txt`, `${maskSecrets(errorChain(error))}\n`);
  }
}

function file(path: string, content: string): PackedFile {
  return { path, mode: 0o600, content };
}

function hostParts(): Part[] {
  return [
    ["host/environment.txt", environment],
    ["host/kernel.txt", () => kernelFiles.map(readKernelFile).join("\n")],
    ["host/subordinate-ids.txt", subordinateIds],
    ["daemon/daemon.log", () => maskSecrets(readEnd(`${dataDirectory(process.env)}/daemon.log`))],
  ];
}

function daemonParts(): Part[] {
  return [
    ["daemon/info.json", async () => json(await fetchJson("GET /info"))],
    ["daemon/doctor.json", async () => json(await fetchJson("GET /tbox/doctor"))],
    ["daemon/disk-usage.json", diskUsage],
    ["daemon/metrics.txt", async () => (await request("GET", "/metrics")).text()],
    ["daemon/events.jsonl", events],
    ["daemon/images.json", async () => json(await fetchJson("GET /images/json"))],
    ["daemon/networks.json", async () => json(await fetchJson("GET /networks"))],
    ["daemon/volumes.json", async () => json(await fetchJson("GET /volumes"))],
    ["daemon/containers.json", containers],
  ];
}

function environment(): string {
  return variables
    .concat(Object.keys(process.env).filter((name) => name.startsWith("TBOX_")))
    .filter((name) => process.env[name] !== undefined)
    .map((name) => `${name}=${maskSecrets(process.env[name] ?? "")}\n`)
    .join("");
}

function readKernelFile(path: string): string {
  try {
    return `== ${path}\n${maskSecrets(readFileSync(path, "utf8"))}`;
  } catch (error) {
    return `== ${path}: ${errorChain(error)}\n`;
  }
}

/** Returns the lines of the caller's account in /etc/subuid and /etc/subgid. */
function subordinateIds(): string {
  const owners = [accountName(), String(process.getuid?.())];
  const isOwn = (line: string) => owners.includes(line.split(":")[0] ?? "");
  return ["/etc/subuid", "/etc/subgid"]
    .map((path) => `== ${path}\n${readFileSync(path, "utf8").split("\n").filter(isOwn).join("\n")}\n`)
    .join("");
}

function readEnd(path: string): string {
  const log = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(logBytes);
    const count = readSync(log, bytes, 0, logBytes, Math.max(0, fstatSync(log).size - logBytes));
    return bytes.toString("utf8", 0, count);
  } finally {
    closeSync(log);
  }
}

async function diskUsage(): Promise<string> {
  const { ImageUsage, ContainerUsage, VolumeUsage, BuildCacheUsage, Warnings } =
    await fetchJson("GET /system/df");
  return json({ ImageUsage, ContainerUsage, VolumeUsage, BuildCacheUsage, Warnings });
}

/** Attributes of events without values that users choose. */
const eventAttributes = new Set([
  "container",
  "execDuration",
  "execID",
  "exitCode",
  "image",
  "name",
  "signal",
  "type",
]);

async function events(): Promise<string> {
  const query = { since: "0", until: String(Date.now() / 1000) };
  let lines = "";
  for await (const { Type, Action, Actor, timeNano } of fetchLines("GET /events", { query })) {
    const attributes = Object.entries(Actor.Attributes).filter(([name]) => eventAttributes.has(name));
    // The action of an exec contains its arguments.
    const action = Action.replace(/: .*$/s, `: ${removed}`);
    const event = {
      time: String(timeNano),
      Type,
      Action: action,
      ID: Actor.ID,
      ...Object.fromEntries(attributes),
    };
    lines += `${JSON.stringify(withoutSecrets(event))}\n`;
  }
  return lines;
}

async function containers(): Promise<string> {
  const all: ContainerSummary[] = await fetchJson("GET /containers/json", { query: { all: "1" } });
  const inspected = await Promise.all(
    all.slice(0, maxContainers).map(({ Id }) =>
      fetchJson("GET /containers/{name}/json", { name: Id }).catch((error: unknown) => ({
        Id,
        error: errorChain(error),
      })),
    ),
  );
  return json({ total: all.length, containers: inspected });
}

function json(value: unknown): string {
  return `${JSON.stringify(withoutSecrets(value), bigintAsText, 2)}\n`;
}

function bigintAsText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
