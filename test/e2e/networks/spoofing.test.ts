import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";
import { hostAddress } from "../support/network.ts";

const ipv4 = hostAddress("IPv4");
const ipv6 = hostAddress("IPv6");
const frames = readFileSync(join(import.meta.dir, "../support/raw-frames.ts"), "utf8");
const obstacle = shellUnavailable ?? (ipv4 === undefined ? "the host has no IPv4 address" : undefined);

/** Repeats its own datagram until the server has it, then keeps the socket and prints its port. */
const talker = `
  const { TO, PORT } = process.env;
  const hostname = TO.includes(":") ? "::" : "0.0.0.0";
  const socket = await Bun.udpSocket({ hostname, connect: { hostname: TO, port: Number(PORT) } });
  console.log(socket.port);
  setInterval(() => socket.send("own"), 50);`;

daemonSuite("containers that pretend to be others", { obstacle, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.printed(...args);
  const bun = (program: string, ...options: string[]) =>
    tbox("run", "-e", "TMPDIR=/tmp", ...options, "--rootfs", "/", process.execPath, "-e", program);
  const networkOf = async (id: string) =>
    JSON.parse(await tbox("inspect", "-f", "{{json .NetworkSettings.Networks}}", id));

  /** A server on the host that counts datagrams, and a container that talks to it. */
  async function conversation(network: string, host: string) {
    const heard = { own: 0, stolen: 0 };
    const server = await Bun.udpSocket({
      hostname: host,
      socket: {
        data: (_, data) => void heard[String(data) === "own" ? "own" : "stolen"]++,
      },
    });
    const id = await bun(talker, "-d", "--network", network, "-e", `TO=${host}`, "-e", `PORT=${server.port}`);
    await until(async () => heard.own > 0 && (await tbox("logs", id)) !== "");
    const port = Number(await tbox("logs", id));
    const { IPAddress, GlobalIPv6Address, MacAddress, Gateway } = (await networkOf(id))[network];
    const address = host.includes(":") ? GlobalIPv6Address : IPAddress;
    const gateway = `02:42:${String(Gateway).split(".").map(hex).join(":")}`;
    const spoof = { from: [address, port], to: [host, server.port], hardware: [MacAddress, gateway] };
    return { heard, server, id, spoof };
  }
  const hex = (part: string) => Number(part).toString(16).padStart(2, "0");

  const attackers: [string, string[] | undefined][] = [
    ["an internal network", ["--internal", "--ipv6"]],
    ["another network", ["--ipv6"]],
    ["the same network", undefined],
  ];
  for (const [version, host] of [
    ["IPv4", ipv4],
    ["IPv6", ipv6],
  ] as const) {
    for (const [attacker, options] of attackers) {
      const name = `10,000 ${version} frames from ${attacker} in the name of a container reach no server`;
      test.skipIf(host === undefined)(name, async () => {
        const { heard, server, id, spoof } = await conversation("bridge", host ?? "");
        const network = options === undefined ? "bridge" : `attackers-${version}-${options.length}`;
        if (options !== undefined) await tbox("network", "create", ...options, network);
        const settings = ["-e", `SPOOF=${JSON.stringify(spoof)}`, "-e", "COUNT=10000", "--network", network];
        const sent = Number(await bun(frames, "--rm", ...settings));
        expect(sent).toBeGreaterThan(9000);
        const before = heard.own;
        await until(() => heard.own >= before + 3);
        expect(heard.stolen).toBe(0);
        server.close();
        await tbox("rm", "-f", id);
        if (options !== undefined) await tbox("network", "rm", network);
      });
    }
  }

  test("a container cannot claim the address of another one on its network", async () => {
    await tbox("network", "create", "shared");
    const serve = "mkdir /www; echo right > /www/word; exec httpd -f -p 80 -h /www";
    const server = await tbox("run", "-d", "--network", "shared", "box:1", "sh", "-c", serve);
    const { IPAddress, MacAddress } = (await networkOf(server)).shared;
    const client = await tbox("run", "-d", "--network", "shared", "box:1", "sleep", "1000");
    const fetchWord = `until wget -q -O - http://${IPAddress}/word; do usleep 20000; done 2>/dev/null`;
    expect(await tbox("exec", client, "sh", "-c", fetchWord)).toBe("right");
    const settings = ["-e", `CLAIM=${IPAddress}`, "-e", "COUNT=100", "--network", "shared"];
    expect(await bun(frames, "--rm", ...settings)).toBe("100");
    expect(await tbox("exec", client, "cat", "/proc/net/arp")).toContain(MacAddress);
    expect(await tbox("exec", client, "sh", "-c", fetchWord)).toBe("right");
    await tbox("rm", "-f", server, client);
    await tbox("network", "rm", "shared");
  });

  test("a container cannot claim an IPv6 address or become the router of its network", async () => {
    await tbox("network", "create", "--ipv6", "shared6");
    const serve = "mkdir /www; echo right > /www/word; exec httpd -f -p [::]:80 -h /www";
    const server = await tbox("run", "-d", "--network", "shared6", "box:1", "sh", "-c", serve);
    const { GlobalIPv6Address, MacAddress } = (await networkOf(server)).shared6;
    const client = await tbox("run", "-d", "--network", "shared6", "box:1", "sleep", "1000");
    const get = `printf 'GET /word HTTP/1.0\\r\\n\\r\\n' | nc -w 20 ${GlobalIPv6Address} 80 | tail -n 1`;
    const fetchWord = `until [ "$(${get})" = right ]; do usleep 20000; done; echo right`;
    expect(await tbox("exec", client, "sh", "-c", fetchWord)).toBe("right");
    const state = () => tbox("exec", client, "sh", "-c", "ip -6 addr show eth0; ip -6 route");
    const before = await state();
    const settings = ["-e", `CLAIM=${GlobalIPv6Address}`, "-e", "COUNT=150", "--network", "shared6"];
    expect(await bun(frames, "--rm", ...settings)).toBe("150");
    expect(await state()).toBe(before);
    const neighbour = await tbox("exec", client, "ip", "-6", "neigh", "show", GlobalIPv6Address);
    expect(neighbour.toLowerCase()).toContain(MacAddress);
    expect(await tbox("exec", client, "sh", "-c", fetchWord)).toBe("right");
    await tbox("rm", "-f", server, client);
    await tbox("network", "rm", "shared6");
  });
});
