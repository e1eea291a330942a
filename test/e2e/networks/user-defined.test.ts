import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";
import { hostAddress, isRefused, killNetHelper, killZygote, netHelperPid } from "../support/network.ts";

const ipv4 = hostAddress("IPv4");

/** A server that answers with a word. */
const server = (word: string) => `mkdir /www; echo ${word} > /www/word; exec httpd -f -p 80 -h /www`;

/** Repeats the request until the server listens. */
const fetchWord = (host: string) =>
  `until wget -q -O - http://${host}/word 2>/dev/null; do usleep 20000; done`;

daemonSuite("user-defined networks", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.printed(...args);
  const refused = async (...args: string[]) => (await daemon.tbox(args)).stderr;
  const start = (script: string, ...options: string[]) =>
    tbox("run", "-d", ...options, "box:1", "sh", "-c", script);
  const sh = async (script: string, ...options: string[]) => {
    const { stdout, stderr } = await daemon.tbox(["run", "--rm", ...options, "box:1", "sh", "-c", script]);
    return stdout + stderr;
  };
  const addressOf = (id: string, network: string) =>
    tbox("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, id);

  test("containers resolve every name on their network, and none of another network", async () => {
    await tbox("network", "create", "front");
    await tbox("network", "create", "back");
    const id = await start(server("front"), "--name", "web", "--network", "front", "--network-alias", "www");
    const address = await addressOf("web", "front");
    for (const name of ["web", "WWW", id.slice(0, 12), "web.front"]) {
      expect(await sh(fetchWord(name), "--network", "front")).toBe("front\n");
    }
    const pointer = await sh(`nslookup ${address}`, "--network", "front");
    expect(pointer).toContain("name = web.front");
    const isolated = async () => {
      const script = `exec 2>/dev/null; nslookup web >/dev/null || echo unknown; wget -q -O - http://${address}/word || echo apart`;
      expect(await sh(script, "--network", "back")).toBe("unknown\napart\n");
      expect(await sh(script, "--network", "bridge")).toBe("unknown\napart\n");
    };
    await isolated();
    await daemon.kill();
    await daemon.start();
    expect(await sh(fetchWord("www"), "--network", "front")).toBe("front\n");
    await killNetHelper(daemon);
    expect(await sh(fetchWord("www"), "--network", "front")).toBe("front\n");
    await isolated();
    await tbox("rename", "web", "site");
    expect(await sh(fetchWord("site"), "--network", "front")).toBe("front\n");
    expect(await refused("network", "rm", "front")).toContain('has active endpoints (name:"site")');
    await tbox("rm", "-f", "site");
    await tbox("network", "rm", "front", "back");
  });

  test("an unused network serves its first containers, also after the network helper or the daemon died", async () => {
    const script = "ip addr show eth0 | grep -c 'inet '";
    await tbox("network", "create", "idle");
    await killNetHelper(daemon);
    expect(await sh(script, "--network", "idle")).toBe("1\n");
    await tbox("network", "create", "later");
    await daemon.kill();
    await daemon.start();
    const both = [sh(script, "--network", "later"), sh(script, "--network", "later")];
    expect(await Promise.all(both)).toEqual(["1\n", "1\n"]);
    await killNetHelper(daemon);
    expect(await sh(script, "--network", "idle")).toBe("1\n");
    expect(await sh(script, "--network", "later")).toBe("1\n");
    await tbox("network", "rm", "idle", "later");
  });

  test("networks, names and ports survive a killed zygote", async () => {
    await tbox("network", "create", "lasting");
    const id = await start(server("lasts"), "--name", "old", "--network", "lasting", "-p", "127.0.0.1::80");
    const [, place = ""] = (await tbox("port", id)).split(" -> ");
    const word = async () => (await fetch(`http://${place}/word`, { keepalive: false })).text();
    expect(await sh(fetchWord("old"), "--network", "lasting")).toBe("lasts\n");
    // The published port listens a moment after the container's server.
    await until(async () => (await word().catch(() => "")) === "lasts\n");
    const helper = await netHelperPid(daemon);
    killZygote(daemon);
    expect(await word()).toBe("lasts\n");
    expect(await sh(fetchWord("old"), "--network", "lasting")).toBe("lasts\n");
    const other = await start(server("new"), "--name", "new", "--network", "lasting");
    expect(await sh(fetchWord("new"), "--network", "lasting")).toBe("new\n");
    killZygote(daemon);
    await daemon.kill();
    // Longer than the interval at which the helper checks whether it is still needed.
    await Bun.sleep(6000);
    expect(await word()).toBe("lasts\n");
    await daemon.start();
    expect(await sh(`${fetchWord("old")}; ${fetchWord("new")}`, "--network", "lasting")).toBe("lasts\nnew\n");
    expect(await netHelperPid(daemon)).toBe(helper);
    await tbox("rm", "-f", id, other);
    expect(await isRefused(place)).toBe(true);
    await tbox("network", "rm", "lasting");
  });

  test("names resolve from the first instruction on, also while other containers start and stop", async () => {
    await tbox("network", "create", "busy");
    await start("exec sleep 1000", "--name", "stays", "--network", "busy");
    for (let count = 0; count < 5; count++) {
      const options = ["--network", "busy", "-p", "127.0.0.1::53/udp"];
      const other = await start("exec sleep 1000", "--name", `other${count}`, ...options);
      expect(await sh(`ping -c 1 stays && ping -c 1 other${count}`, "--network", "busy")).not.toMatch(/bad/);
      await tbox("rm", "-f", other);
      expect(await sh(`nslookup other${count}`, "--network", "busy")).toContain("NXDOMAIN");
    }
    await tbox("rm", "-f", "stays");
    await tbox("network", "rm", "busy");
  });

  test("a network has the requested subnets, addresses, options and labels", async () => {
    await tbox(
      ...["network", "create", "--subnet", "10.231.0.0/16", "--ip-range", "10.231.5.0/24"],
      ...["--gateway", "10.231.0.7", "--aux-address", "router=10.231.5.0", "--ipv6"],
      ...["--subnet", "fd00:231::/64", "--label", "a=b", "-o", "com.docker.network.driver.mtu=1400"],
      ...["-o", "com.docker.network.container_iface_prefix=lan", "planned"],
    );
    const [network] = JSON.parse(await tbox("network", "inspect", "planned"));
    expect(network).toMatchObject({
      EnableIPv6: true,
      IPAM: {
        Config: [
          {
            Subnet: "10.231.0.0/16",
            IPRange: "10.231.5.0/24",
            Gateway: "10.231.0.7",
            AuxiliaryAddresses: { router: "10.231.5.0" },
          },
          { Subnet: "fd00:231::/64", Gateway: "fd00:231::1" },
        ],
      },
      Labels: { a: "b" },
    });
    const place = "cat /sys/class/net/lan0/mtu; ip -o addr show lan0; ip route";
    const shown = await sh(place, "--network", "planned");
    for (const text of ["1400\n", "10.231.5.1/16", "fd00:231::2/64", "via 10.231.0.7"]) {
      expect(shown).toContain(text);
    }
    const own = ["--ip", "10.231.9.9", "--ip6", "fd00:231::99", "--mac-address", "02:00:00:00:00:99"];
    const asked = await sh(`${place}; cat /sys/class/net/lan0/address`, "--network", "planned", ...own);
    for (const text of ["10.231.9.9/16", "fd00:231::99/64", "02:00:00:00:00:99\n"]) {
      expect(asked).toContain(text);
    }
    expect(await tbox("network", "ls", "-q", "-f", "label=a=b", "-f", "type=custom")).toBe(
      network.Id.slice(0, 12),
    );
    await tbox("network", "rm", "planned");
  });

  test("unsupported options are refused by name", async () => {
    const cases: [string[], string][] = [
      [["create", "bridge"], "operation is not permitted on predefined bridge network"],
      [["create", "-d", "macvlan", "x"], 'network driver "macvlan" is not supported'],
      [
        ["create", "-o", "com.docker.network.bridge.inhibit_ipv4=true", "x"],
        "the bridge has the gateway's address",
      ],
      [["create", "--subnet", "10.0.0.0/33", "x"], "invalid subnet 10.0.0.0/33"],
      [["create", "--subnet", "10.232.0.0/16", "--gateway", "10.1.0.1", "x"], "invalid gateway 10.1.0.1"],
      [["rm", "bridge"], "bridge is a pre-defined network and cannot be removed"],
      [["connect", "host", "none"], "No such container: none"],
    ];
    for (const [args, message] of cases) expect(await refused("network", ...args)).toContain(message);
    await tbox("network", "create", "named");
    const runs: [string[], string][] = [
      [["--network", "nope"], "network nope not found"],
      [["--ip", "10.1.1.1"], "user specified IP address is supported on user defined networks only"],
      [["--network-alias", "a"], "network-scoped alias is supported only for containers in user defined"],
      [["--network", "none", "--network", "bridge"], "with other networks"],
      [["--network", "container:nope"], "No such container: nope"],
      [["--network", "container"], "invalid container format container:<name|id>"],
      [
        ["--network", "container:nope", "--hostname", "x"],
        "conflicting options: hostname and the network mode",
      ],
      [["--network", "container:nope", "--dns", "10.0.0.1"], "conflicting options: dns and the network mode"],
      [["--network", "container:nope", "-P"], "conflicting options: port publishing and the container type"],
      [
        ["--network", "named", "--dns", "127.0.0.1"],
        "DNS server 127.0.0.1, a loopback address of the container",
      ],
    ];
    for (const [options, message] of runs) {
      const { code, stderr } = await daemon.tbox(["run", "--rm", ...options, "box:1", "true"]);
      expect(stderr).toContain(message);
      expect(code).toBe(125);
    }
    expect(await tbox("ps", "-aq")).toBe("");
    await tbox("network", "rm", "named");
  });

  test("the settings of a container that does not run are replaced by a second connect", async () => {
    await tbox("network", "create", "again");
    await tbox("create", "--name", "waiting", "--network", "again", "box:1", "true");
    await tbox("network", "connect", "--alias", "other", "again", "waiting");
    expect(
      await tbox("inspect", "-f", "{{json .NetworkSettings.Networks.again.Aliases}}", "waiting"),
    ).toContain("other");
    await tbox("rm", "waiting");
    await tbox("network", "rm", "again");
  });

  test("a running container is connected and disconnected, and its ports follow", async () => {
    await tbox("network", "create", "one");
    await tbox("network", "create", "two");
    const id = await start(server("moved"), "--name", "mover", "--network", "one", "-p", "127.0.0.1::80");
    const [, place = ""] = (await tbox("port", id)).split(" -> ");
    const word = async () => (await fetch(`http://${place}/word`, { keepalive: false })).text();
    expect(await sh(fetchWord("mover"), "--network", "one")).toBe("moved\n");
    expect(await word()).toBe("moved\n");
    await tbox("network", "connect", "--alias", "second", "two", "mover");
    expect(await refused("network", "connect", "two", "mover")).toContain("already exists in network two");
    expect(await sh(fetchWord("second"), "--network", "two")).toBe("moved\n");
    await tbox("network", "disconnect", "one", "mover");
    expect(await refused("network", "disconnect", "one", "mover")).toContain("is not connected to network");
    expect(await word()).toBe("moved\n");
    expect(await tbox("exec", "mover", "ls", "/sys/class/net")).toBe("eth1\nlo");
    // Without IPv6 there is not even a link-local address.
    expect(await tbox("exec", "mover", "cat", "/proc/net/if_inet6")).toMatch(/^0{31}1 01 80 10 80 +lo$/);
    expect(await tbox("exec", "mover", "cat", "/etc/hosts")).toContain(await addressOf("mover", "two"));
    expect(await sh("nslookup mover", "--network", "one")).toContain("NXDOMAIN");
    await tbox("stop", "-t", "0", "mover");
    await tbox("network", "connect", "one", "mover");
    await tbox("start", "mover");
    expect(await sh(fetchWord("mover"), "--network", "one")).toBe("moved\n");
    await tbox("rm", "-f", "mover");
    expect(await isRefused(place)).toBe(true);
    const filter = ["--filter", "type=network", "--since", "10m", "--until", "0s"];
    const events = (await tbox("events", "--format", "{{.Action}} {{.Actor.Attributes.name}}", ...filter))
      .split("\n")
      .filter((line) => /one|two/.test(line));
    expect(events.slice(0, 3)).toEqual(["create one", "create two", "connect one"]);
    expect(events).toContain("disconnect one");
    expect((await tbox("network", "prune", "-f")).split("\n").slice(1).sort()).toEqual(["one", "two"]);
  });

  test("run accepts several networks, aliases and --network container:", async () => {
    await tbox("network", "create", "left");
    await tbox("network", "create", "right");
    await start(server("left"), "--name", "aye", "--network", "left");
    await start(server("right"), "--name", "bear", "--network", "name=right,alias=bee");
    const both = ["--network", "name=left", "--network", "right", "--link", "aye:mine"];
    expect(await sh(`${fetchWord("mine")}; ${fetchWord("bee")}`, ...both)).toBe("left\nright\n");
    const shared = await sh(`hostname; ${fetchWord("127.0.0.1")}`, "--network", "container:aye");
    expect(shared).toBe(`${(await tbox("inspect", "-f", "{{.Id}}", "aye")).slice(0, 12)}\nleft\n`);
    await tbox("rm", "-f", "aye", "bear");
    await tbox("network", "rm", "left", "right");
  });

  test.skipIf(ipv4 === undefined)("an internal network has no way out", async () => {
    let visits = 0;
    using outside = Bun.serve({
      hostname: ipv4 ?? "",
      port: 0,
      fetch: () => {
        visits++;
        return new Response("out\n");
      },
    });
    await tbox("network", "create", "--internal", "inner");
    await start(server("inside"), "--name", "in", "--network", "inner");
    const gateway = await tbox("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "inner");
    const place = `${ipv4}:${outside.port}`;
    const script = `${fetchWord("in")}
      nslookup outside.example | grep -c NXDOMAIN
      ip route add default via ${gateway} 2>/dev/null
      for host in ${place} ${gateway}:${outside.port}; do timeout 1 wget -q -O - http://$host; done
      ping -c 1 -W 1 ${ipv4}`;
    const shown = await sh(script, "--network", "inner", "--cap-add", "NET_ADMIN");
    expect(shown).toStartWith("inside\n2\n");
    expect(shown).not.toContain("out\n");
    expect(shown).not.toContain("1 packets received");
    expect(visits).toBe(0);
    expect(await refused("create", "--network", "inner", "-p", "80", "box:1", "true")).toContain(
      "Published ports are discarded on internal networks",
    );
    await tbox("rm", "-f", ...(await tbox("ps", "-aq")).split("\n"));
    await tbox("network", "rm", "inner");
  });

  test("tbox.host-loopback makes the gateway reach the host's loopback", async () => {
    using local = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("local\n") });
    await tbox("network", "create", "-o", "tbox.host-loopback=true", "open");
    const add = ["--add-host", "host.docker.internal:host-gateway"];
    const script = `wget -q -O - http://host.docker.internal:${local.port}`;
    expect(await sh(script, "--network", "open", ...add)).toBe("local\n");
    expect(await sh(script, ...add)).not.toContain("local\n");
    await tbox("network", "rm", "open");
  });
});
