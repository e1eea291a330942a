import { afterEach, expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const server = "mkdir /www; echo found > /www/word; exec httpd -f -p 80 -h /www";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", { ExposedPorts: { "80/tcp": {}, "53/udp": {} } });
}

daemonSuite("links on the default network", { obstacle: shellUnavailable, prepare }, (daemon) => {
  afterEach(async () => {
    const all = (await daemon.tbox(["ps", "-aq"])).stdout.split("\n").filter((id) => id !== "");
    if (all.length > 0) await daemon.tbox(["rm", "-f", ...all]);
  });

  const tbox = (...args: string[]) => daemon.printed(...args);
  const refused = async (...args: string[]) => (await daemon.tbox(args)).stderr;
  const start = (name: string, script: string, ...options: string[]) =>
    tbox("run", "-d", "--name", name, ...options, "box:1", "sh", "-c", script);
  const sh = (script: string, ...options: string[]) =>
    tbox("run", "--rm", ...options, "box:1", "sh", "-c", script);
  const addressOf = (name: string) => tbox("inspect", "-f", "{{.NetworkSettings.IPAddress}}", name);
  const names = async () => {
    const containers = (await (await daemon.request("GET", "/containers/json?all=1")).json()) as {
      Names: string[];
    }[];
    return containers.flatMap(({ Names }) => Names).sort();
  };

  test("resolve alias, name and host name, only in the linking container", async () => {
    await start("data-base", server, "-h", "store");
    const fetchWord = "until wget -q -O - http://$host/word 2>/dev/null; do usleep 20000; done";
    const script = `for host in db data-base store; do ${fetchWord}; done`;
    expect(await sh(script, "--link", "data-base:db")).toBe("found\nfound\nfound");
    expect(await sh("nslookup db >/dev/null 2>&1 || echo unknown")).toBe("unknown");
  });

  test("set variables with the other container's address and environment", async () => {
    await start("base", "exec sleep 1000", "-e", "word=a=b", "-e", "PATH=/bin:/sbin", "--expose", "81");
    const address = await addressOf("base");
    await start("user", "exec sleep 1000", "--link", "base:my-base", "-e", "MY_BASE_PORT=own");
    const expected = [
      "MY_BASE_ENV_word=a=b",
      "MY_BASE_NAME=/user/my-base",
      "MY_BASE_PORT=own",
      `MY_BASE_PORT_53_UDP=udp://${address}:53`,
      `MY_BASE_PORT_53_UDP_ADDR=${address}`,
      "MY_BASE_PORT_53_UDP_PORT=53",
      "MY_BASE_PORT_53_UDP_PROTO=udp",
      ...[80, 81].flatMap((port) => [
        `MY_BASE_PORT_${port}_TCP=tcp://${address}:${port}`,
        `MY_BASE_PORT_${port}_TCP_ADDR=${address}`,
        `MY_BASE_PORT_${port}_TCP_PORT=${port}`,
        `MY_BASE_PORT_${port}_TCP_PROTO=tcp`,
      ]),
    ];
    const own = ["sh", "-c", "env | grep ^MY_BASE_ | sort"];
    expect((await tbox("exec", "user", ...own)).split("\n").sort()).toEqual(expected.sort());
    expect(await sh("echo $BASE_PORT", "--link", "base")).toBe(`udp://${address}:53`);
  });

  test("follow a restart and a rename of the other container", async () => {
    await start("base", "exec sleep 1000");
    const before = await addressOf("base");
    await start("user", "exec sleep 1000", "--link", "base:db");
    // After an exec, the container's network namespace and address serve no other container.
    await tbox("exec", "base", "true");
    await tbox("stop", "-t", "0", "base");
    await tbox("rename", "base", "store");
    await tbox("start", "store");
    const after = await addressOf("store");
    expect(after).not.toBe(before);
    const line = (await tbox("exec", "user", "cat", "/etc/hosts"))
      .split("\n")
      .find((text) => /\tdb\b/.test(text));
    expect(line).toStartWith(`${after}\tdb `);
    expect(line).toEndWith(" store");
  });

  test("are shown in inspect, can be created from it, and can be removed", async () => {
    await start("base", "exec sleep 1000");
    await start("user", "exec sleep 1000", "--link", "base:db", "--link", "base");
    const links = ["/base:/user/db", "/base:/user/base"];
    expect(JSON.parse(await tbox("inspect", "-f", "{{json .HostConfig.Links}}", "user"))).toEqual(links);
    expect(await names()).toEqual(["/base", "/user", "/user/base", "/user/db"]);
    const body = { Image: "box:1", Cmd: ["true"], HostConfig: { Links: links } };
    expect((await daemon.request("POST", "/containers/create?name=again", body)).status).toBe(201);
    expect(await tbox("inspect", "-f", "{{.HostConfig.Links}}", "again")).toBe(
      "[/base:/again/db /base:/again/base]",
    );
    expect(await tbox("rm", "--link", "user/db")).toBe("user/db");
    expect(await tbox("exec", "user", "cat", "/etc/hosts")).not.toContain("\tdb ");
    expect(await refused("rm", "-l", "user/db")).toBe("tbox: No such link: /user/db\n");
    expect(await refused("rm", "-l", "user")).toContain("cannot remove the default link name");
    expect(await refused("rm", "user/base")).toContain("No such container: user/base");
    await tbox("rm", "-f", "again", "base");
    expect(await names()).toEqual(["/user"]);
    await tbox("restart", "-t", "0", "user");
  });

  test("to missing containers or containers on other networks are refused", async () => {
    expect(await refused("run", "--link", "nobody:x", "box:1", "true")).toContain(
      "could not get container for nobody",
    );
    await start("apart", "exec sleep 1000", "--network", "none");
    expect(await refused("run", "--link", "apart", "box:1", "true")).toContain(
      "none type networking can't be used with links",
    );
    expect(await refused("run", "--network", "host", "--link", "apart", "box:1", "true")).toContain(
      "conflicting options",
    );
    const body = { Image: "box:1", Cmd: ["true"], HostConfig: { NetworkMode: "none", Links: ["apart"] } };
    expect(await (await daemon.request("POST", "/containers/create", body)).text()).toContain(
      "conflicting options: none type networking",
    );
    const bad = { Image: "box:1", HostConfig: { Links: ["a:b:c"] } };
    expect(await (await daemon.request("POST", "/containers/create", bad)).text()).toContain(
      "bad format for links",
    );
  });

  test("to stopped containers fail the start, and --rm removes the container and ends its streams", async () => {
    await tbox("create", "--name", "base", "box:1", "true");
    expect(await refused("run", "--link", "base", "--name", "user", "box:1", "true")).toContain(
      "Cannot link to a non running container: /base AS /user/base",
    );
    const body = { Image: "box:1", Cmd: ["true"], HostConfig: { Links: ["base"], AutoRemove: true } };
    await daemon.request("POST", "/containers/create?name=own", body);
    const attached = await daemon.request("POST", "/containers/own/attach?stream=1&stdout=1");
    const removed = daemon.request("POST", "/containers/own/wait?condition=removed");
    expect((await daemon.request("POST", "/containers/own/start")).status).toBe(500);
    expect(await attached.text()).toBe("");
    expect(await (await removed).json()).toMatchObject({ StatusCode: 128 });
    expect(await names()).toEqual(["/base", "/user", "/user/base"]);
  });

  test("on a user-defined network are aliases", async () => {
    await tbox("network", "create", "own");
    await start("base", "exec sleep 1000", "--network", "own");
    const HostConfig = { NetworkMode: "own", Links: ["base:db"], AutoRemove: true };
    const body = { Image: "box:1", Cmd: ["nslookup", "db"], HostConfig };
    await daemon.request("POST", "/containers/create?name=user", body);
    expect(await tbox("start", "-a", "user")).toContain(
      await tbox("inspect", "-f", "{{.NetworkSettings.Networks.own.IPAddress}}", "base"),
    );
    await tbox("rm", "-f", "base");
    await tbox("network", "rm", "own");
  });

  test("are restored by a new daemon, which starts the linked container first", async () => {
    await start("third", "exec sleep 1000", "--restart", "always");
    await start("second", "exec sleep 1000", "--restart", "always", "--link", "third");
    await start(
      "first",
      "exec sleep 1000",
      "--restart",
      "always",
      "--link",
      "second",
      "--pid",
      "container:third",
    );
    const format = "{{.State.Pid}}";
    const pids = (await tbox("inspect", "-f", format, "first", "second", "third")).split("\n").map(Number);
    await daemon.kill();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await daemon.start();
    await until(async () => (await tbox("ps", "-q")).split("\n").length === 3);
    expect(await tbox("exec", "first", "cat", "/etc/hosts")).toContain("\tsecond ");
  });
});
