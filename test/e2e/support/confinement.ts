import { existsSync, readFileSync, readlinkSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { repository } from "#test/support/repository.ts";

/** Value of a line that this machine cannot answer. It is equal to any other one. */
export const unknown = "?";

/** Paths that Docker masks, and two more with addresses and messages of the kernel. */
const masked = [
  ...["acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi"],
  ...["timer_list", "timer_stats", "kallsyms", "kmsg"],
].map((name) => `/proc/${name}`);
const maskedInSys = ["/sys/firmware", "/sys/devices/virtual/powercap"];
const readOnly = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map((name) => `/proc/${name}`);
const namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

/** Prints what the container's first program has and sees, one section after the other. */
const script = `
section() { echo "== $1"; }
section namespaces; for n in ${namespaces.join(" ")}; do echo "$n $(readlink /proc/self/ns/$n)"; done
section status; cat /proc/self/status
section uid; cat /proc/self/uid_map
section gid; cat /proc/self/gid_map
section mounts; cat /proc/self/mountinfo
section cgroup; cut -d: -f3 /proc/self/cgroup | sort -u
section devices; ls -l /dev | grep -v ^total
section descriptors; (ls /proc/self/fd | sort -n)
section processes; ls /proc | grep '^[0-9]'
section sockets; grep -c @ /proc/net/unix
section hidden; for f in "$@"; do test -e "$f" && echo "$f"; done
section writable; for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/uevent_helper /proc/sys/net/ipv4/ip_forward
do test -e $f && if (: >>$f) 2>/dev/null; then echo "$f yes"; else echo "$f no"; fi; done
true`;

/** Returns the lines of a report on the confinement of a container. Values that depend on the machine are made equal. */
export async function confinementOf(daemon: TestDaemon, options: string[]): Promise<string[]> {
  const host = [repository, daemon.socket, `/proc/${daemon.pid}`];
  const run = ["run", "--rm", "--network", "none", ...options, "box:1", "sh", "-c", script, "sh", ...host];
  const sections = sectionsOf(await daemon.printed(...run));
  const lines = (name: string) => sections.get(name) ?? [];
  const mounts = lines("mounts").map(parseMount);
  return [
    ...lines("namespaces").map(describeNamespace),
    ...lines("status").flatMap(describeStatus),
    ...describeMap("uid", lines("uid"), process.getuid?.()),
    ...describeMap("gid", lines("gid"), process.getgid?.()),
    ...[...masked, ...maskedInSys].map((path) => `masked ${path}: ${coverOf(path, mounts)}`),
    ...readOnly.map((path) => `read-only ${path}: ${coverOf(path, mounts)}`),
    ...mounts
      .filter(isOrdinary)
      .map(({ place, kind, flags }) => `mount ${place}: ${kind} ${flags}`)
      .sort(),
    ...lines("writable").map((line) => `writable ${line.replace(" ", ": ")}`),
    `cgroup: ${lines("cgroup").join(" ")}`,
    ...lines("devices").map(describeDevice),
    `descriptors: ${lines("descriptors")
      .filter((one) => Number(one) < 3)
      .join(" ")}`,
    `processes: ${Math.min(...lines("processes").map(Number)) === 1 && lines("processes").length < 6 ? "own" : "others, too"}`,
    `abstract sockets: ${lines("sockets").join("")}`,
    `files of the host: ${lines("hidden").join(" ") || "none"}`,
  ];
}

function sectionsOf(text: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  for (const part of text.split(/^== /m).slice(1)) {
    const [name = "", ...lines] = part.split("\n");
    sections.set(
      name,
      lines.filter((line) => line !== ""),
    );
  }
  return sections;
}

function describeNamespace(line: string): string {
  const [name = "", inside] = line.split(" ");
  if (!existsSync(`/proc/self/ns/${name}`)) return `namespace ${name}: ${unknown}`;
  return `namespace ${name}: ${inside === readlinkSync(`/proc/self/ns/${name}`) ? "the host's" : "own"}`;
}

const statusFields =
  /^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Umask):\s*(.*?)\s*$/;

function describeStatus(line: string): string[] {
  const [, name, value = ""] = statusFields.exec(line) ?? [];
  if (name === undefined) return [];
  const all = (1n << (BigInt(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8").trim()) + 1n)) - 1n;
  const isAll = name.startsWith("Cap") && BigInt(`0x${value}`) === all;
  return [`${name}: ${isAll ? "all" : value.replaceAll("\t", " ")}`];
}

/** Describes a map of ids: single ones, and whether there are others. */
function describeMap(kind: string, lines: string[], caller: number | undefined): string[] {
  const ranges = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const single = ranges.filter(([, , count]) => count === 1);
  const outer = (id: number | undefined) => (id === caller ? "the caller" : `${id} of the outer namespace`);
  return [
    ...single.map(([inside, outside]) => `${kind} ${inside}: ${outer(outside)}`),
    `other ${kind}s: ${ranges.length > single.length ? "mapped" : "none"}`,
  ];
}

interface MountPoint {
  place: string;
  kind: string;
  flags: string;
}

/** Parses a line of mountinfo (proc_pid_mountinfo(5)). */
function parseMount(line: string): MountPoint {
  const [before = "", after = ""] = line.split(" - ");
  const fields = before.split(" ");
  const flags = (fields[5] ?? "").split(",").filter((flag) => !/atime$/.test(flag));
  return { place: fields[4] ?? "", kind: after.split(" ")[0] ?? "", flags: flags.join(",") };
}

/** Mounts that are in every container, whatever file system the store is on. */
function isOrdinary({ place }: MountPoint): boolean {
  return !(
    [...masked, ...maskedInSys, ...readOnly].includes(place) ||
    place.startsWith("/sys/devices/system/cpu/") ||
    place.startsWith("/sys/fs/cgroup") ||
    place.startsWith("/etc/") ||
    // Devices are described by their numbers.
    /^\/dev\/(?!pts|shm|mqueue)./.test(place)
  );
}

function coverOf(path: string, mounts: MountPoint[]): string {
  const mount = mounts.findLast(({ place }) => place === path);
  if (mount !== undefined) return mount.flags.split(",").includes("ro") ? "covered, read-only" : "covered";
  return existsSync(path) ? "not covered" : unknown;
}

/** Describes a line of `ls -l`: type, mode, numbers and name. */
function describeDevice(line: string): string {
  const isLink = line.startsWith("l");
  const fields = line.trim().split(/\s+/);
  const name = line.replace(/^.*\d\d:\d\d (\S+).*$/, "$1");
  if (isLink) return `device ${name}: link to ${fields.at(-1)}`;
  const numbers = /^[bc]/.test(line) ? ` ${fields[4]} ${fields[5]}`.replace(",", ":").replace(": ", ":") : "";
  return `device ${name}: ${fields[0]}${numbers}`;
}

/**
 * Calls that would end, stop or delay the process, or write all disks of the machine back; and one that the
 * kernel lets pass without the filter, for its own breakpoints.
 */
const uncalled = [
  ...["exit", "exit_group", "fork", "vfork", "pause", "rt_sigreturn", "restart_syscall", "sync"],
  "uprobe",
];

/** Calls each number of its input with invalid arguments, in a child process that a timer kills. */
const caller = `
use POSIX ();
while (<STDIN>) {
  my $pid = fork;
  if (!$pid) { alarm 20; my $r = syscall($_ + 0, (-1) x 6); POSIX::_exit($r == -1 ? $! + 0 : 0); }
  waitpid $pid, 0;
  printf "%d %d\\n", $_, $? & 127 ? -1 : $? >> 8;
}`;

/** A system call of this machine's architecture, and its treatment by the default profile. */
export interface Call {
  number: number;
  name: string;
  rule: string;
}

/** Reads the table with which the profile is compared with Docker's. */
export function profiledCalls(): Call[] {
  const architecture = process.arch === "x64" ? "x86-64" : "aarch64";
  const text = readFileSync(`${repository}/native/crates/seccomp/golden/${architecture}.txt`, "utf8");
  return [...text.matchAll(/^(\d+) (\w+): (.*)$/gm)]
    .map(([, number, name = "", rule = ""]) => ({ number: Number(number), name, rule }))
    .filter(({ name }) => !uncalled.includes(name));
}

/** Makes all calls in a container on the host's files, which has Perl. Returns the errors by number; -1 after a signal. */
export async function errorsOf(daemon: TestDaemon, options: string[]): Promise<Map<number, number>> {
  const numbers = profiledCalls().map(({ number }) => `${number}\n`);
  const run = ["run", "--rm", "-i", "--network", "none", ...options, "--rootfs", "/", "perl", "-e", caller];
  const { stdout, stderr, code } = await daemon.tbox(run, { stdin: Buffer.from(numbers.join("")) });
  if (code !== 0) throw new Error(stderr);
  return new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ").map(Number) as [number, number]),
  );
}
