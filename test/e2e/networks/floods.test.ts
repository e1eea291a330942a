import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { floods } from "../support/floods.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";
import { hostAddress } from "../support/network.ts";

const pings =
  "for n in 1 2 3 4; do for t in $TARGETS; do ping -A -q $t >/dev/null & done; done; echo flooding; wait";

daemonSuite("while a container floods", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.printed(...args);
  /** Servers: one on the network of the attacker, one on another network. */
  const servers = { near: "shared", far: "other" };
  let prepared: Promise<void> | undefined;

  async function prepare(): Promise<void> {
    for (const [name, network] of Object.entries(servers)) {
      await tbox("network", "create", "--ipv6", network);
      const serve = `mkdir /www; echo answer of ${name} >/www/index.html; httpd -p [::]:80 -h /www; exec sleep 10000`;
      const options = ["--name", name, "--network", network, "-p", "127.0.0.1::80"];
      await tbox("run", "-d", ...options, "box:1", "sh", "-c", serve);
      await tbox("run", "-d", "--name", `client-of-${name}`, "--network", network, "box:1", "sleep", "10000");
    }
  }

  async function addressesOf(name: string) {
    const networks = JSON.parse(await tbox("inspect", "-f", "{{json .NetworkSettings.Networks}}", name));
    return networks[servers[name as keyof typeof servers]];
  }

  /** Waits until both servers have answered over IPv4 and IPv6 and their published ports, and their names resolve. */
  async function expectAnswers(): Promise<void> {
    for (const name of Object.keys(servers)) {
      const answer = `answer of ${name}\n`;
      const client = (...command: string[]) => daemon.tbox(["exec", `client-of-${name}`, ...command]);
      const { IPAddress, GlobalIPv6Address } = await addressesOf(name);
      await until(async () => (await client("nslookup", name)).stdout.includes(IPAddress));
      for (const host of [IPAddress, GlobalIPv6Address]) {
        const get = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 20 ${host} 80`;
        await until(async () => (await client("sh", "-c", get)).stdout.endsWith(answer));
      }
      const place = await tbox("port", name, "80/tcp");
      await until(async () => {
        const found = await fetch(`http://${place}/`, { signal: AbortSignal.timeout(20_000) }).catch(
          () => {},
        );
        return (await found?.text().catch(() => "")) === answer;
      });
    }
  }

  const outside = hostAddress("IPv4");
  const kinds: [string, { program: string; of: "udp" | "ping" | "dns" }][] = [
    ["datagrams", { program: floods.datagrams, of: "udp" }],
    ["connections", { program: floods.connections, of: "udp" }],
    ["questions for names", { program: floods.names, of: "dns" }],
    ["echo requests", { program: pings, of: "ping" }],
  ];

  test.each(kinds)(
    "%s, its neighbours work",
    async (_, { program, of }) => {
      prepared ??= prepare();
      await prepared;
      await expectAnswers();
      const { IPAddress, GlobalIPv6Address, Gateway, IPv6Gateway } = await addressesOf("near");
      const near = [IPAddress, GlobalIPv6Address, Gateway, IPv6Gateway];
      const resolver = (await tbox("exec", "near", "cat", "/etc/resolv.conf")).match(
        /^nameserver (\S+)/m,
      )?.[1];
      const targets = of === "dns" ? [resolver] : [...near, ...(outside === undefined ? [] : [outside])];
      const options = [
        "-d",
        "--network",
        "shared",
        "-e",
        "TMPDIR=/tmp",
        "-e",
        `TARGETS=${targets.join(" ")}`,
      ];
      const command =
        of === "ping" ? ["box:1", "sh", "-c", program] : ["--rootfs", "/", process.execPath, "-e", program];
      const id = await tbox("run", ...options, ...command);
      await until(async () => (await tbox("logs", id)).includes("flooding"));
      await expectAnswers();
      await expectAnswers();
      expect(await tbox("inspect", "-f", "{{.State.Status}}", id)).toBe("running");
      await tbox("rm", "-f", id);
      await expectAnswers();
    },
    240_000,
  );
});
