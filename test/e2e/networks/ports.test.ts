import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { watched, whileAdvancing } from "#test/support/progress.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";
import { hostAddress, isRefusal, isRefused, killNetHelper } from "../support/network.ts";

const ipv4 = hostAddress("IPv4");
const threshold = Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));

/** A server that answers with the client's address at /cgi-bin/peer and ends on SIGTERM. */
const script = `mkdir -p /www/cgi-bin
  printf '#!/bin/sh\\necho; echo "$REMOTE_ADDR"\\n' > /www/cgi-bin/peer
  chmod +x /www/cgi-bin/peer; trap exit TERM; httpd -p 80 -h /www; while :; do sleep 1000 & wait; done`;

/** Number of cycles of stop and start of a published port. */
const cycles = Number(process.env.TBOX_TEST_PORT_CYCLES ?? "20");

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1");
  await loadShell(daemon, "exposes:1", { ExposedPorts: { "80/tcp": {}, "81/udp": {} } });
}

daemonSuite("published ports", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  const start = async (options: string[], image = "box:1"): Promise<string> => {
    const { stdout, stderr, code } = await tbox("run", "-d", ...options, image, "sh", "-c", script);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  /** Returns the output of `tbox port`, as host addresses by port of the container. */
  const portsOf = async (id: string): Promise<[string, string][]> =>
    (await tbox("port", id)).stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" -> "))
      .map(([port = "", place = ""]) => [port, place]);
  /** Returns the client's address as the server sees it; repeats until the server listens, and only as long as it refuses. */
  async function peer(place: string): Promise<string> {
    for (;;) {
      try {
        const response = await fetch(`http://${place}/cgi-bin/peer`, { keepalive: false });
        if (response.ok) return (await response.text()).trim();
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
      await Bun.sleep(5);
    }
  }
  const number = (place: string) => Number(place.slice(place.lastIndexOf(":") + 1));

  test("a random port has the same number on IPv4 and IPv6, and refuses clients until the server listens", async () => {
    for (let count = 0; count < 10; count++) {
      const id = await start(["-p", "0:80"]);
      const [[, first = ""] = [], [, second = ""] = []] = await portsOf(id);
      expect([first, second]).toEqual([`0.0.0.0:${number(first)}`, `[::]:${number(first)}`]);
      const clients = ["127.0.0.1", "[::1]"].map((host) => peer(`${host}:${number(first)}`));
      expect((await Promise.all(clients)).every((address) => !/127|^::1/.test(address))).toBe(true);
      await tbox("rm", "-f", id);
    }
  });

  test.skipIf(ipv4 === undefined)("the server sees the client's address", async () => {
    const id = await start(["-p", "80"]);
    const [[, place = ""] = []] = await portsOf(id);
    expect(await peer(`${ipv4}:${number(place)}`)).toContain(ipv4 ?? "");
    await tbox("rm", "-f", id);
  });

  test("a port published on one address listens only there", async () => {
    const id = await start(["-p", "127.0.0.1::80"]);
    const [[, place = ""] = [], ...others] = await portsOf(id);
    expect(others).toEqual([]);
    expect(place).toStartWith("127.0.0.1:");
    await peer(place);
    expect(await isRefused(`[::1]:${number(place)}`)).toBe(true);
    expect(await isRefused(`127.0.0.2:${number(place)}`)).toBe(true);
    await tbox("rm", "-f", id);
  });

  test("ranges of ports are paired, and -P publishes all exposed ports", async () => {
    const first = await freePorts(3);
    const id = await start(["-p", `127.0.0.1:${first}-${first + 2}:80-82`]);
    expect(await portsOf(id)).toEqual(
      [0, 1, 2].map((offset) => [`${80 + offset}/tcp`, `127.0.0.1:${first + offset}`]),
    );
    const other = await start(["-P", "--expose", "90"], "exposes:1");
    const ports = [...new Set((await portsOf(other)).map(([port]) => port))];
    expect(ports).toEqual(["80/tcp", "81/udp", "90/tcp"]);
    expect((await tbox("port", other, "81/udp")).stdout).toMatch(/^0\.0\.0\.0:\d+\n\[::\]:\d+\n$/);
    expect(await tbox("port", other, "99")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no public port '99' published"),
    });
    expect((await tbox("ps", "-q", "--no-trunc", "-f", `publish=${first}`)).stdout).toBe(`${id}\n`);
    expect((await tbox("ps", "-q", "--no-trunc", "-f", "expose=81/udp")).stdout).toBe(`${other}\n`);
    expect((await tbox("ps", "--format", "{{.Ports}}", "-f", `id=${id}`)).stdout).toBe(
      `${[0, 1, 2].map((offset) => `127.0.0.1:${first + offset}->${80 + offset}/tcp`).join(", ")}\n`,
    );
    await tbox("rm", "-f", id, other);
  });

  test("a port in use is an error that names its process, and no container remains", async () => {
    const id = await start(["--name", "owner", "-p", "80"]);
    const [[, place = ""] = []] = await portsOf(id);
    const port = await freePorts();
    const taken = await tbox("run", "--rm", "-p", `${port}:81`, "-p", `${number(place)}:80`, "box:1", "true");
    expect(taken.code).toBe(125);
    expect(taken.stderr).toContain(`:${number(place)} failed: port is already allocated by container owner`);
    using server = Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response() });
    const byProcess = await tbox("run", "--rm", "-p", `${port}:80`, "box:1", "true");
    expect(byProcess.code).toBe(125);
    expect(byProcess.stderr).toContain(`already allocated by process ${process.pid}`);
    expect(server.port).toBe(port);
    expect((await tbox("ps", "-aq", "--no-trunc")).stdout).toBe(`${id}\n`);
    await tbox("rm", "-f", id);
  });

  test.skipIf(threshold <= 80)("a privileged port is an error that names the sysctl", async () => {
    const { code, stderr } = await tbox("run", "--rm", "-p", "80:80", "box:1", "true");
    expect(code).toBe(125);
    expect(stderr).toContain(`ports below ${threshold} are privileged`);
    expect(stderr).toContain("sysctl net.ipv4.ip_unprivileged_port_start=80");
    expect((await tbox("ps", "-aq")).stdout).toBe("");
  });

  test(
    "a port is free as soon as its container has stopped, and published again at the next start",
    () =>
      whileAdvancing(async (advance) => {
        const port = await freePorts();
        const id = await start(["-p", `${port}:80`]);
        for (let cycle = 0; cycle < cycles; cycle++) {
          advance();
          for (const host of ["127.0.0.1", "[::1]"]) await peer(`${host}:${port}`);
          expect((await tbox(cycle % 2 === 0 ? "kill" : "stop", id)).stderr).toBe("");
          await tbox("wait", id);
          const server = Bun.serve({ port, fetch: () => new Response() });
          await server.stop(true);
          expect((await tbox("start", id)).stderr).toBe("");
        }
        await peer(`127.0.0.1:${port}`);
        await tbox("rm", "-f", id);
      }),
    { timeout: process.env.TBOX_TEST_PORT_CYCLES === undefined ? 80_000 : watched },
  );

  test("UDP datagrams arrive and are answered", async () => {
    const program = `const s = await Bun.udpSocket({ hostname: "0.0.0.0", port: 53, socket: {
      data: (socket, data, port, address) => void socket.send("echo " + data + " " + address, port, address) } });`;
    const port = await freePorts();
    const { stdout, stderr } = await tbox(
      "run",
      "-d",
      "-p",
      `127.0.0.1:${port}:53/udp`,
      "-e",
      "TMPDIR=/tmp",
      "--rootfs",
      "/",
      process.execPath,
      "-e",
      program,
    );
    expect(stderr).toBe("");
    const answers: string[] = [];
    const client = await Bun.udpSocket({
      hostname: "127.0.0.1",
      socket: { data: (_, data) => void answers.push(String(data)) },
    });
    // Datagrams are lost until the server listens.
    while (answers.length === 0) {
      client.send("one", port, "127.0.0.1");
      await Bun.sleep(20);
    }
    expect(answers[0]).toMatch(/^echo one \d/);
    expect(answers[0]).not.toContain("127.0.0.1");
    client.close();
    await tbox("rm", "-f", stdout.trim());
  });

  for (const [family, listen] of [
    ["IPv4", "0.0.0.0:80"],
    ["IPv6", "[::]:80"],
  ] as const) {
    test(`a server that listens on ${family} only is reached over IPv4 and IPv6`, async () => {
      const only = script.replace("-p 80", `-p ${listen}`);
      const v6only = family === "IPv6" ? ["--sysctl", "net.ipv6.bindv6only=1"] : [];
      const { stdout, stderr } = await tbox("run", "-d", "-p", "80", ...v6only, "box:1", "sh", "-c", only);
      expect(stderr).toBe("");
      const id = stdout.trim();
      const [[, place = ""] = []] = await portsOf(id);
      for (const host of ["127.0.0.1", "[::1]"]) {
        for (let count = 0; count < 20; count++) await peer(`${host}:${number(place)}`);
      }
      await tbox("rm", "-f", id);
    });
  }

  test("a port refuses clients while no program in the container listens", async () => {
    const { stdout } = await tbox("run", "-d", "-p", "80", "box:1", "sleep", "1000");
    const id = stdout.trim();
    const [[, place = ""] = []] = await portsOf(id);
    const places = ["127.0.0.1", "[::1]"].map((host) => `${host}:${number(place)}`);
    for (const one of places) expect(await isRefused(one)).toBe(true);
    const taken = await tbox("run", "--rm", "-p", `${number(place)}:80`, "box:1", "true");
    expect(taken.stderr).toContain("port is already allocated");
    const server = await tbox("exec", "-d", id, "sh", "-c", script);
    expect(server.stderr).toBe("");
    for (const one of places) await peer(one);
    await tbox("exec", id, "killall", "httpd");
    await until(async () => (await isRefused(places[0] ?? "")) && (await isRefused(places[1] ?? "")));
    await tbox("exec", "-d", id, "httpd", "-p", "80", "-h", "/www");
    for (const one of places) await peer(one);
    await tbox("rm", "-f", id);
  });

  test("a port is free for other containers while its container has no network", async () => {
    await tbox("network", "create", "leaving");
    // A port that no outgoing connection can hold.
    const local = "127.44.0.9:21777";
    const id = await start(["-p", `${local}:80`, "-p", "80", "--network", "leaving"]);
    await peer(local);
    await tbox("network", "disconnect", "leaving", id);
    expect(await isRefused(local)).toBe(true);
    expect((await tbox("port", id)).stdout).toBe("");
    expect((await tbox("inspect", "-f", "{{json .NetworkSettings.Ports}}", id)).stdout).toBe("{}\n");
    const other = await start(["-p", `${local}:80`]);
    await peer(local);
    const taken = await tbox("network", "connect", "leaving", id);
    expect(taken.stderr).toContain("port is already allocated by container");
    await tbox("rm", "-f", other);
    await tbox("network", "connect", "leaving", id);
    expect(await portsOf(id)).toContainEqual(["80/tcp", local]);
    await peer(local);
    await tbox("rm", "-f", id);
    await tbox("network", "rm", "leaving");
  });

  test("UDP datagrams reach a server that listens on IPv4 only over IPv6", async () => {
    const program = `const s = await Bun.udpSocket({ hostname: "0.0.0.0", port: 53, socket: {
      data: (socket, data, port, address) => void socket.send("echo " + data, port, address) } }); console.log("ready")`;
    const port = await freePorts();
    const settings = ["-p", `[::1]:${port}:53/udp`, "-e", "TMPDIR=/tmp", "--rootfs", "/"];
    const { stdout, stderr } = await tbox("run", "-d", ...settings, process.execPath, "-e", program);
    expect(stderr).toBe("");
    await until(async () => (await tbox("logs", stdout.trim())).stdout.includes("ready"));
    const answers: string[] = [];
    const client = await Bun.udpSocket({
      hostname: "::1",
      socket: { data: (_, data) => void answers.push(String(data)) },
    });
    for (const word of ["one", "two"]) {
      client.send(word, port, "::1");
      await until(() => answers.includes(`echo ${word}`));
    }
    client.close();
    await tbox("rm", "-f", stdout.trim());
  });

  test("ports survive the daemon's death, and return with a new net helper", async () => {
    const id = await start(["-p", "80"]);
    const before = await portsOf(id);
    const place = `127.0.0.1:${number(before[0]?.[1] ?? "")}`;
    await peer(place);
    await daemon.kill();
    await peer(place);
    await daemon.start();
    expect(await portsOf(id)).toEqual(before);
    await killNetHelper(daemon);
    await peer(place);
    await tbox("rm", "-f", id);
    expect(await isRefused(`${place}`)).toBe(true);
  });

  test("-p with --network host is ignored with a warning", async () => {
    const { stderr } = await tbox("create", "--network", "host", "-p", "80", "box:1", "true");
    expect(stderr).toContain("Published ports are discarded when using host network mode");
  });
});
