import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ContainerProcess, ExecRequest, LaunchRequest } from "./launch.ts";
import { fromMonitorSchema, type ToMonitor } from "./monitor.ts";
import { fromNetSchema, type ToNet } from "./net.ts";
import { type ContainerView, fromWorkerSchema } from "./work.ts";
import { fromZygoteSchema, type ToZygote } from "./zygote.ts";

function fixture(name: string): unknown[] {
  const path = `${import.meta.dirname}/../../../native/crates/protocol/fixtures/${name}.json`;
  return JSON.parse(readFileSync(path, "utf8"));
}

describe.each([
  ["from-zygote", fromZygoteSchema],
  ["from-monitor", fromMonitorSchema],
  ["from-worker", fromWorkerSchema],
  ["from-net", fromNetSchema],
] as const)("%s", (name, schema) => {
  test.each(fixture(name).map((message) => [message]))(
    "the schema accepts %j and keeps all fields",
    (message) => {
      expect<unknown>(schema.parse(message)).toEqual(message);
    },
  );
});

const fullProcess: ContainerProcess = {
  args: ["sh", "-c", 'echo "ü"'],
  env: ["PATH=/bin", "EMPTY="],
  cwd: "/work",
  user: "www:1000",
  groups: ["audio", "50"],
  keepId: { user: "www", uid: 1000, gid: 50, firstStart: true },
  tty: { columns: 80, rows: 24 },
  openStdin: true,
  stdinOnce: true,
  umask: 0o22,
  capabilities: ["CHOWN", "NET_BIND_SERVICE"],
  noNewPrivileges: true,
  seccomp: "default",
  rlimits: [{ name: "nofile", soft: 1024, hard: -1 }],
  oomScoreAdjustment: 500,
  init: true,
  trace: 1_200_300_400_500,
};

const fullLaunch: LaunchRequest = {
  id: "0123456789abcdef".repeat(4),
  root: { type: "layers", diffIds: ["sha256/aa", "sha256/bb"], readonly: false, volatile: true },
  mounts: [
    {
      type: "bind",
      source: "/home/me/src",
      target: "/src",
      readonly: true,
      recursive: true,
      propagation: "rprivate",
    },
    { type: "store-file", name: "hosts", target: "/etc/hosts", readonly: false },
    { type: "volume", name: "data", target: "/data", readonly: false, fill: true },
    { type: "volume", name: "data", target: "/part", readonly: false, fill: false, subpath: "a/b" },
    { type: "device", source: "/dev/fuse", target: "/dev/fuse" },
    { type: "tmpfs", target: "/run", size: 65_536, mode: 0o755, readonly: false, exec: false },
    { type: "tmpfs", target: "/tmp", mode: 0o1777, readonly: true, exec: true },
  ],
  hostname: "0123456789ab",
  domainname: "example.org",
  network: { type: "none" },
  shared: {
    pid: { type: "host" },
    ipc: { type: "container", id: "f".repeat(64) },
    uts: true,
    cgroup: true,
  },
  shmSize: 67_108_864,
  sysctls: [{ name: "net.ipv4.ip_forward", value: "1" }],
  maskedPaths: ["/proc/kcore"],
  readonlyPaths: ["/proc/sys"],
  process: fullProcess,
  log: { type: "json-file", maxSize: 10_485_760, maxFile: 3 },
  attachments: [
    { stdin: true, stdout: true, stderr: false, framing: "raw" },
    { stdin: false, stdout: false, stderr: true, framing: "multiplexed" },
  ],
  cgroup: true,
  cgroupWritable: true,
  isolated: true,
  durableExit: false,
};

const smallLaunch: LaunchRequest = {
  id: "f".repeat(64),
  root: { type: "directory", path: "/", readonly: true },
  mounts: [],
  hostname: "host",
  network: { type: "host" },
  shmSize: 0,
  maskedPaths: [],
  readonlyPaths: [],
  process: {
    args: ["true"],
    env: [],
    cwd: "/",
    user: "",
    groups: [],
    openStdin: false,
    stdinOnce: false,
    umask: 0,
    capabilities: [],
    noNewPrivileges: false,
    seccomp: { filter: { program: "BgAAAAAA/38=", flags: 2 } },
    rlimits: [],
    init: false,
  },
  log: { type: "none" },
  attachments: [],
  cgroup: false,
  cgroupWritable: false,
  durableExit: true,
};

const { trace: _, ...execProcess } = fullProcess;
const fullExec: ExecRequest = {
  id: fullLaunch.id,
  network: { type: "none" },
  shared: { ipc: { type: "host" } },
  process: { ...execProcess, init: false },
  attachments: fullLaunch.attachments,
  cgroup: false,
};

const view: ContainerView = {
  id: fullLaunch.id,
  running: true,
  root: { type: "layers", diffIds: ["sha256/aa"], readonly: false, volatile: false },
  mounts: [],
};

// The compiler compares these messages with the types, the tests compare them with the fixtures.
const sandbox = 1_764_109_220_000_001;

const toZygote: ToZygote[] = [
  { type: "hello" },
  { type: "listen", name: "container.sock" },
  { type: "launch", ...fullLaunch },
  { type: "launch", ...smallLaunch },
  { type: "work", operation: "unpack", diffId: "sha256:aa", limits: { bytes: 2 ** 40, entries: 2_000_000 } },
  { type: "work", operation: "unpack", limits: { bytes: 1, entries: 1 } },
  {
    type: "work",
    operation: "unpack",
    diffId: "sha256:aa",
    limits: { bytes: 1, entries: 1 },
    arriving: 4096,
  },
  { type: "work", operation: "remove", paths: ["containers/aa", "layers/sha256/bb"] },
  {
    type: "work",
    operation: "recycle",
    directories: [{ path: "containers/aa", isolated: true, files: ["hosts"] }],
  },
  { type: "work", operation: "measure", paths: ["containers/aa/upper"] },
  { type: "shutdown" },
  { type: "exec", ...fullExec },
  { type: "work", operation: "status", container: view, path: "/etc" },
  { type: "work", operation: "archive", container: view, path: "/etc/." },
  { type: "work", operation: "extract", container: view, path: "/tmp", keepKinds: true },
  { type: "work", operation: "layer", upper: "containers/aa/upper" },
  { type: "work", operation: "compress", compression: { format: "gzip", level: 9 } },
  { type: "work", operation: "pack", diffId: "sha256:aa" },
  { type: "work", operation: "pack", diffId: "sha256:aa", compression: { format: "gzip", level: 6 } },
  { type: "work", operation: "pack", diffId: "sha256:aa", compression: { format: "zstd", level: 3 } },
  { type: "work", operation: "changes", upper: "containers/aa/upper", lowers: ["base", "layers/sha256/bb"] },
  { type: "work", operation: "keep", upper: "containers/aa/upper", latest: 0, merge: true },
  { type: "work", operation: "keep", upper: "containers/aa/upper" },
  {
    type: "work",
    operation: "merge",
    upper: "containers/aa/upper",
    layers: ["layers/sha256/bb", "layers/sha256/cc"],
    lowers: ["layers/sha256/aa"],
  },
  { type: "work", operation: "sync" },
  { type: "work", operation: "export", id: fullLaunch.id, tree: { type: "layers", diffIds: [] } },
  {
    type: "work",
    operation: "list",
    id: fullLaunch.id,
    tree: { type: "layers", diffIds: ["sha256/aa"] },
    path: "/usr/lib",
  },
  {
    type: "work",
    operation: "copy",
    container: {
      id: fullLaunch.id,
      running: false,
      root: { type: "layers", diffIds: ["sha256/aa"], readonly: false, volatile: true, targets: true },
      mounts: [
        {
          type: "tree",
          tree: { type: "directory", path: "/home/u/context" },
          source: "/src",
          target: "/mnt",
          readonly: true,
        },
        { type: "cache", name: "aa", target: "/c", readonly: false, uid: 1, gid: 2, mode: 0o755 },
        { type: "secret", content: "AA==", target: "/s", uid: 0, gid: 0, mode: 0o400 },
      ],
    },
    copies: [
      {
        tree: { type: "directory", path: "/home/u/context" },
        source: "/src",
        target: "/app/",
        skip: ["node_modules"],
        unpack: false,
      },
    ],
    owner: { type: "named", name: "app:www" },
    mode: "u=rwX,go=rX",
    replaces: true,
  },
  {
    type: "work",
    operation: "copy",
    container: {
      id: fullLaunch.id,
      running: false,
      root: { type: "layers", diffIds: [], readonly: false, volatile: true },
      mounts: [],
    },
    copies: [],
    owner: { type: "kept" },
  },
  { type: "work", operation: "verify", diffId: "sha256:aa", limits: { bytes: 1, entries: 1 } },
  { type: "net" },
  { type: "cgroups", count: 2 },
  { type: "launch", ...smallLaunch, network: { type: "sandbox", sandbox } },
  { type: "launch", ...smallLaunch, network: { type: "process", pid: 4711 } },
];

const toMonitor: ToMonitor[] = [
  { type: "attach", stdin: true, stdout: true, stderr: true, framing: "multiplexed" },
  { type: "attach", stdin: false, stdout: true, stderr: true, framing: "raw", afterLog: true },
  { type: "signal", number: 15 },
  { type: "resize", columns: 120, rows: 40 },
  { type: "await-log", generation: 2, size: 4096 },
];

const endpoint = {
  network: "ab".repeat(32),
  number: 0,
  interface: "eth0",
  mac: "02:42:ac:11:00:02",
  ipv4: "172.17.0.2",
};

const toNet: ToNet[] = [
  { request: 1, type: "survey" },
  {
    request: 2,
    type: "network",
    id: "ab".repeat(32),
    ipv4: { gateway: "172.17.0.1", prefix: 16 },
    ipv6: { gateway: "fd00::1", prefix: 64 },
    internal: false,
    mtu: 1500,
    hostLoopback: true,
  },
  {
    request: 3,
    type: "network",
    id: "cd".repeat(32),
    ipv4: { gateway: "10.0.0.1", prefix: 8 },
    internal: true,
    mtu: 1400,
    hostLoopback: false,
  },
  { request: 4, type: "remove-network", id: "cd".repeat(32) },
  {
    request: 5,
    type: "sandbox",
    sandbox,
    endpoints: [
      { ...endpoint, ipv6: "fd00::2", ipv4Route: true, ipv6Route: true },
      { ...endpoint, number: 1, interface: "eth1", ipv4Route: false, ipv6Route: false },
    ],
  },
  { request: 6, type: "release", sandboxes: [sandbox] },
  {
    request: 7,
    type: "publish",
    sandbox,
    ipv4: "172.17.0.2",
    ipv6: "fd00::2",
    ports: [
      { protocol: "tcp", addresses: ["0.0.0.0", "::"], first: 8080, last: 8090, containerPort: 80 },
      { protocol: "udp", addresses: ["127.0.0.1"], first: 0, last: 0, containerPort: 53 },
    ],
  },
  {
    request: 8,
    type: "connect",
    sandbox,
    endpoint: {
      ...endpoint,
      number: 2,
      interface: "eth2",
      ipv6: "fd00::2",
      linkLocal: ["169.254.8.8", "fe80::8"],
      ipv4Route: true,
      ipv6Route: false,
    },
  },
  { request: 9, type: "disconnect", sandbox, interface: "eth2" },
  {
    request: 10,
    type: "route",
    sandbox,
    network: "ab".repeat(32),
    interface: "eth0",
    ipv4: true,
    ipv6: false,
  },
  {
    request: 11,
    type: "names",
    sandbox,
    places: [
      {
        network: "ab".repeat(32),
        names: ["web.front", "web", "www"],
        ipv4: "172.17.0.2",
        ipv6: "fd00::2",
      },
      { network: "ab".repeat(32), names: ["web.back"], ipv4: "172.18.0.2" },
    ],
    links: [{ alias: "db", name: "postgres" }],
    servers: ["192.0.2.53", "2001:db8::53"],
    outside: true,
  },
  { request: 12, type: "names", sandbox, places: [], links: [], servers: [], outside: false },
  { request: 13, type: "retarget", sandbox, ipv4: "172.18.0.2", ipv6: "fd01::2" },
  { request: 14, type: "retarget", sandbox, ipv4: "172.18.0.2" },
  { request: 15, type: "retarget", sandbox },
];

test("messages to the net helper match the fixtures", () => {
  expect<unknown>(toNet).toEqual(fixture("to-net"));
});

test("messages to the zygote match the fixtures", () => {
  expect<unknown>(toZygote).toEqual(fixture("to-zygote"));
});

test("messages to a monitor match the fixtures", () => {
  expect<unknown>(toMonitor).toEqual(fixture("to-monitor"));
});
