import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";
import { hostAddress, killNetHelper, netHelperPid } from "../support/network.ts";

const ipv4 = hostAddress("IPv4");
const ipv6 = hostAddress("IPv6");

interface Endpoint {
  IPAddress: string;
  IPPrefixLen: number;
  GlobalIPv6Address: string;
  Gateway: string;
  MacAddress: string;
}

daemonSuite("the default network", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  const sh = async (script: string, options: string[] = []) => {
    const { stdout, stderr } = await tbox("run", "--rm", ...options, "box:1", "sh", "-c", script);
    return stdout + stderr;
  };
  const start = async (script: string): Promise<string> => {
    const { stdout, stderr, code } = await tbox("run", "-d", "box:1", "sh", "-c", script);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const endpoint = async (id: string): Promise<Endpoint> =>
    JSON.parse((await tbox("inspect", "-f", "{{json .NetworkSettings.Networks.bridge}}", id)).stdout);
  /** Starts a server in a container that answers with its own name. */
  const serve = () => start("mkdir /www; hostname > /www/name; httpd -p 80 -h /www; exec sleep 1000");
  /** Repeats the request until the server listens. */
  const fetchFrom = (address: string) =>
    sh(`until wget -q -O - http://${address}/name 2>/dev/null; do usleep 20000; done`);
  test("a container has addresses, a host name and a default route", async () => {
    const id = await start("exec sleep 1000");
    const place = await endpoint(id);
    const shown = (await tbox("exec", id, "sh", "-c", "ip -o addr show eth0; ip route; cat /etc/hosts"))
      .stdout;
    expect(shown).toContain(`${place.IPAddress}/${place.IPPrefixLen}`);
    expect(shown).toContain(`default via ${place.Gateway}`);
    expect(shown).toContain(`${place.IPAddress}\t${id.slice(0, 12)}`);
    expect(place.MacAddress).toMatch(/^02:42:/);
    expect((await tbox("exec", id, "cat", "/etc/resolv.conf")).stdout).toContain("nameserver 127.0.0.11\n");
    const inspected = JSON.parse((await tbox("network", "inspect", "bridge")).stdout);
    expect(inspected[0].Containers[id].IPv4Address).toBe(`${place.IPAddress}/${place.IPPrefixLen}`);
    expect((await tbox("ps", "-q", "--no-trunc", "-f", "network=bridge")).stdout).toContain(id);
    await tbox("rm", "-f", id);
    expect(JSON.parse((await tbox("network", "inspect", "bridge")).stdout)[0].Containers).toEqual({});
  });

  test("containers reach one another over IPv4 and IPv6", async () => {
    const id = await serve();
    const place = await endpoint(id);
    expect(await fetchFrom(place.IPAddress)).toBe(`${id.slice(0, 12)}\n`);
    expect(await fetchFrom(`[${place.GlobalIPv6Address}]`)).toBe(`${id.slice(0, 12)}\n`);
    await tbox("rm", "-f", id);
  });

  test("a container can listen on ports below 1024", async () => {
    const options = ["--cap-drop", "ALL", "--user", "1000"];
    expect(await sh("httpd -p 80 -h / && echo listens", options)).toBe("listens\n");
  });

  test.skipIf(ipv4 === undefined)(
    "a container reaches servers on the host's address, and closed ports are refused",
    async () => {
      using server = Bun.serve({
        hostname: ipv4 ?? "",
        port: 0,
        fetch: () => new Response("from the host\n"),
      });
      const closed = Bun.serve({ hostname: ipv4 ?? "", port: 0, fetch: () => new Response() });
      await closed.stop(true);
      expect(await sh(`wget -q -O - http://${ipv4}:${server.port}`)).toBe("from the host\n");
      expect(await sh(`wget -q -O - http://${ipv4}:${closed.port}`)).toContain("Connection refused");
    },
  );

  test.skipIf(ipv6 === undefined)("a container reaches servers on the host's IPv6 address", async () => {
    using server = Bun.serve({ hostname: ipv6 ?? "", port: 0, fetch: () => new Response("from the host\n") });
    expect(await sh(`wget -q -O - http://[${ipv6}]:${server.port}`)).toBe("from the host\n");
  });

  // 20080 is the port of the net helper's own listener.
  test.skipIf(ipv4 === undefined).each([0, 20080])(
    "UDP datagrams to port %d are sent and answered",
    async (port) => {
      const server = await Bun.udpSocket({
        hostname: ipv4 ?? "",
        port,
        socket: { data: (socket, data, port, address) => void socket.send(`echo ${data}`, port, address) },
      });
      const script = `exec 3<>/dev/udp/${ipv4}/${server.port}
      for word in one two; do echo $word >&3; timeout 5 dd bs=512 count=1 <&3 2>/dev/null; done`;
      const { stdout } = await tbox("run", "--rm", "--rootfs", "/", "bash", "-c", script);
      expect(stdout).toBe("echo one\necho two\n");
      server.close();
    },
  );

  test.skipIf(ipv4 === undefined)("a closed TCP port 20080 is refused", async () => {
    expect(await sh(`wget -q -O - http://${ipv4}:20080`)).toContain("Connection refused");
  });

  test("the host's loopback is unreachable in any notation", async () => {
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("secret\n") });
    const script = `for address in 127.0.0.1 127.0.0.2 0.0.0.0 [::1] [::ffff:127.0.0.1] \
      $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p')
      do wget -q -O - http://$address:${server.port} 2>/dev/null && echo reached $address; done; echo end`;
    expect(await sh(script)).toBe("end\n");
  });

  test("--network none has only the loopback interface", async () => {
    expect(await sh("ls /sys/class/net; cat /etc/resolv.conf", ["--network", "none"])).toBe("lo\n");
  });

  test("the net helper has three capabilities and a seccomp filter", async () => {
    await sh("true");
    const pid = await netHelperPid(daemon);
    const threads = readdirSync(`/proc/${pid}/task`);
    expect(threads.length).toBeGreaterThan(1);
    for (const thread of threads) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
      // NET_BIND_SERVICE, NET_ADMIN and SYS_ADMIN over its own namespaces.
      expect(status).toMatch(/^CapPrm:\t0000000000201400$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
    }
  });

  test("a killed net helper is replaced, and containers keep their addresses", async () => {
    const id = await serve();
    const before = await endpoint(id);
    await killNetHelper(daemon);
    expect(await endpoint(id)).toEqual(before);
    expect(await fetchFrom(before.IPAddress)).toBe(`${id.slice(0, 12)}\n`);
    if (ipv4 !== undefined) {
      using server = Bun.serve({ hostname: ipv4, port: 0, fetch: () => new Response("again\n") });
      const url = `http://${ipv4}:${server.port}`;
      expect((await tbox("exec", id, "wget", "-q", "-O", "-", url)).stdout).toBe("again\n");
    }
    await tbox("rm", "-f", id);
  });

  test("a killed daemon leaves the network working, and the next daemon knows all endpoints", async () => {
    const id = await serve();
    const before = await endpoint(id);
    const pid = await netHelperPid(daemon);
    await daemon.kill();
    await daemon.start();
    expect(await netHelperPid(daemon)).toBe(pid);
    expect(await endpoint(id)).toEqual(before);
    const others = await Promise.all([serve(), serve(), serve()]);
    const places = await Promise.all(others.map(endpoint));
    expect(places.map(({ IPAddress }) => IPAddress)).not.toContain(before.IPAddress);
    expect(await fetchFrom(before.IPAddress)).toBe(`${id.slice(0, 12)}\n`);
    await tbox("rm", "-f", id, ...others);
  });

  test("networks are listed and inspected", async () => {
    expect((await tbox("network", "ls", "--format", "{{.Name}} {{.Driver}}")).stdout).toBe(
      "bridge bridge\nhost host\nnone null\n",
    );
    expect((await tbox("network", "ls", "-q", "-f", "driver=null")).stdout).toMatch(/^[0-9a-f]{12}\n$/);
    expect(await tbox("network", "inspect", "nope")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("network nope not found"),
    });
    expect((await tbox("network", "ls", "-f", "color=red")).stderr).toContain("invalid filter 'color'");
  });
});
