import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import type { ContainerInspect } from "#api/answers/container-inspect.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const prepare = async (daemon: Parameters<typeof loadShell>[0]) => {
  await loadShell(daemon, "box:1", { ExposedPorts: { "80/tcp": {} }, Volumes: { "/image-volume": {} } });
  await daemon.printed("network", "create", "back", "--subnet", "10.231.7.0/24");
  await daemon.printed("network", "create", "front");
  await daemon.printed("run", "-d", "--name", "other", "-v", "shared:/shared", "box:1", "sleep", "1000");
  mkdirSync(`${daemon.data}/../source`, { recursive: true });
};

/** Options of `tbox run` by the kind of container. */
const kinds: Record<string, string[]> = {
  plain: [],
  "own program": [
    "-e",
    "A=1",
    "-l",
    "a=b",
    "-w",
    "/tmp",
    "-u",
    "5:6",
    "--group-add",
    "7",
    "--annotation",
    "a=b",
  ],
  "own host name": ["--hostname", "h", "--domainname", "example.org"],
  "published ports": ["-p", "127.0.0.1::80", "-p", "53/udp", "--expose", "90"],
  "all ports published": ["-P"],
  "network with settings": ["--network", "back", "--ip", "10.231.7.9", "--network-alias", "web"],
  "two networks": ["--network", "back", "--network", "front", "--mac-address", "02:42:ac:11:00:09"],
  "host network": ["--network", "host"],
  "no network": ["--network", "none"],
  "network of another container": ["--network", "container:other"],
  links: ["--link", "other:alias"],
  "links on a network": ["--network", "back", "--link", "other:alias"],
  mounts: ["-v", "/tmp:/a:ro", "-v", "named:/b", "-v", "/anonymous", "--tmpfs", "/t:size=1m,uid=5"],
  "mounts of --mount": [
    ...["--mount", "type=bind,source=/tmp,target=/a,readonly,bind-propagation=rslave"],
    ...[
      "--mount",
      "type=volume,source=named,target=/b,volume-nocopy",
      "--mount",
      "type=tmpfs,target=/t,tmpfs-size=1m",
    ],
  ],
  "volumes of another container": ["--volumes-from", "other:ro"],
  limits: [
    "--limits",
    "warn",
    "-m",
    "64m",
    "--cpus",
    "1",
    "--pids-limit",
    "50",
    "--ulimit",
    "nofile=100:200",
  ],
  terminal: ["-t", "-i"],
  init: ["--init", "--stop-signal", "INT", "--stop-timeout", "3"],
  privileged: ["--privileged"],
  "read-only": ["--read-only", "--shm-size", "1m"],
  "keep-id": ["--userns", "keep-id", "-u", "1000"],
  "health check": ["--health-cmd", "true", "--health-interval", "1h", "--health-retries", "2"],
  restart: ["--restart", "on-failure:3", "--log-opt", "max-size=1m", "--log-opt", "labels=a"],
  namespaces: ["--pid", "host", "--ipc", "shareable", "--uts", "host"],
  "namespaces of the host": ["--ipc", "host", "--network", "host", "--cgroupns", "host"],
  "namespaces of another container": ["--pid", "container:other"],
  names: [
    "--add-host",
    "a:10.0.0.1",
    "--dns",
    "10.0.0.2",
    "--dns-search",
    "b.test",
    "--dns-option",
    "ndots:2",
  ],
  confinement: ["--cap-add", "NET_ADMIN", "--cap-drop", "CHOWN", "--security-opt", "seccomp=unconfined"],
  kernel: ["--sysctl", "net.ipv4.ip_forward=1", "--device", "/dev/null:/dev/zilch", "--oom-score-adj", "500"],
};

/** Returns the fields that must be equal in a container that was created again. */
function settingsOf({ Config, HostConfig, NetworkSettings, Mounts }: ContainerInspect) {
  const networks = Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => [
    name,
    // Addresses that no setting asked for may change, and the ID is one of the names.
    { ...endpoint, EndpointID: "", IPAddress: "", GlobalIPv6Address: "", DNSNames: null },
  ]);
  const mounts = Mounts.map(({ Name: _, Source: __, ...mount }) => mount);
  return { Config, HostConfig, networks: Object.fromEntries(networks), mounts };
}

daemonSuite("a container created from an inspection", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const inspect = async (name: string): Promise<ContainerInspect> =>
    JSON.parse(await daemon.printed("inspect", name))[0];

  test.each(Object.entries(kinds))("%s: equals the inspected one", async (_, options) => {
    await daemon.printed("run", "-d", "--name", "first", ...options, "box:1", "sleep", "1000");
    const first = await inspect("first");
    await daemon.printed("rm", "-f", "first");
    const response = await daemon.request("POST", "/containers/create?name=first", {
      ...first.Config,
      HostConfig: first.HostConfig,
      NetworkingConfig: { EndpointsConfig: first.NetworkSettings.Networks },
    });
    try {
      expect({ status: response.status, body: await response.json() }).toMatchObject({
        status: 201,
        body: { Warnings: [] },
      });
      await daemon.printed("start", "first");
      expect(settingsOf(await inspect("first"))).toEqual(settingsOf(first));
    } finally {
      await daemon.tbox(["rm", "-f", "-v", "first"]);
    }
  });
});
