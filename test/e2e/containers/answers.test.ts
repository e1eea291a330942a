import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** Answers to requests of API clients, as Docker gives them. */
daemonSuite("answers about containers", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const create = (name: string, body: object) =>
    daemon.request("POST", `/containers/create?name=${name}`, { Image: "box:1", ...body });
  const read = async (response: Response) => JSON.parse(await response.text());
  const inspect = async (name: string) => read(await daemon.request("GET", `/containers/${name}/json`));
  const messageOf = async (response: Response) => ({
    status: response.status,
    message: (await read(response)).message,
  });

  test("a bind of one path is an anonymous volume", async () => {
    const host = { Binds: ["/made"], NetworkMode: "none" };
    expect((await create("bound", { Cmd: ["sh", "-c", "echo x >/made/f"], HostConfig: host })).status).toBe(
      201,
    );
    await daemon.tbox(["start", "-a", "bound"]);
    const { HostConfig, Mounts } = await inspect("bound");
    expect(HostConfig.Binds).toEqual(["/made"]);
    expect(Mounts).toMatchObject([{ Type: "volume", Destination: "/made", Mode: "", RW: true }]);
    const [{ Name }] = Mounts;
    const again = ["run", "--rm", "--network=none", "--volumes-from", "bound", "box:1", "cat", "/made/f"];
    expect(await daemon.printed(...again)).toBe("x");
    await daemon.tbox(["rm", "-v", "bound"]);
    expect((await daemon.tbox(["volume", "inspect", Name])).code).toBe(1);
  });

  test("wait has the error of a start that failed", async () => {
    await create("broken", { Cmd: ["/nope"], HostConfig: { NetworkMode: "none" } });
    const waiting = daemon.request("POST", "/containers/broken/wait?condition=next-exit");
    await daemon.request("POST", "/containers/broken/start");
    const answer = await read(await daemon.request("POST", "/containers/broken/wait"));
    expect(answer).toMatchObject({
      StatusCode: 127,
      Error: { Message: expect.stringContaining("no such file or directory") },
    });
    expect(await read(await waiting)).toEqual(answer);
    await daemon.tbox(["rm", "broken"]);
  });

  test("the path of the log is known from the first start on, and ends like Docker's", async () => {
    await create("logged", { Cmd: ["echo", "up"], HostConfig: { NetworkMode: "none" } });
    expect((await inspect("logged")).LogPath).toBe("");
    await daemon.tbox(["start", "-a", "logged"]);
    const { Id, LogPath } = await inspect("logged");
    expect(LogPath).toBe(`${daemon.data}/containers/${Id}/${Id}-json.log`);
    expect(JSON.parse(readFileSync(LogPath, "utf8"))).toMatchObject({ log: "up\n", stream: "stdout" });
    await daemon.tbox(["rm", "logged"]);
  });

  test("values without a meaning are refused", async () => {
    expect(
      await messageOf(await create("no", { Cmd: ["true"], HostConfig: { NetworkMode: "container:" } })),
    ).toEqual({
      status: 400,
      message: "invalid network mode: invalid container format container:<name|id>",
    });
    expect(
      await messageOf(await create("no", { Cmd: ["true"], HostConfig: { Annotations: { "": "x" } } })),
    ).toEqual({
      status: 400,
      message: "invalid Annotations: the empty string is not permitted as an annotation key",
    });
    const network = (pool: object) =>
      daemon.request("POST", "/networks/create", { Name: "no", IPAM: { Config: [pool] } });
    expect(await messageOf(await network({ Subnet: "10.99.0.5/24" }))).toEqual({
      status: 400,
      message: "invalid network config:\ninvalid subnet 10.99.0.5/24: it should be 10.99.0.0/24",
    });
    expect(await messageOf(await network({}))).toEqual({
      status: 400,
      message: "invalid network config:\ninvalid subnet : invalid CIDR block notation",
    });
    expect((await daemon.request("GET", "/networks/bridge?scope=swarm")).status).toBe(404);
    expect((await daemon.request("GET", "/networks/bridge?verbose=x")).status).toBe(400);
    expect((await daemon.request("GET", "/networks/bridge?verbose=1&scope=local")).status).toBe(200);
    const listed = (filter: object) =>
      daemon.request("GET", `/containers/json?filters=${encodeURIComponent(JSON.stringify(filter))}`);
    expect((await listed({ isolation: ["default"] })).status).toBe(200);
    expect((await messageOf(await listed({ status: ["nope"] }))).message).toContain(
      "must be one of created, running, paused, restarting, removing, exited, dead",
    );
    const filters = encodeURIComponent('{"all":["x"]}');
    expect((await daemon.request("POST", `/volumes/prune?filters=${filters}`)).status).toBe(400);
  });

  test("an empty entrypoint and a short console size are accepted, and an empty entrypoint is shown", async () => {
    const body = { Entrypoint: [], Cmd: ["true"], HostConfig: { ConsoleSize: [1] } };
    expect((await create("empty", body)).status).toBe(201);
    const { Config, HostConfig } = await inspect("empty");
    expect(Config.Entrypoint).toEqual([]);
    expect(HostConfig.ConsoleSize).toEqual([1, 0]);
    await daemon.tbox(["rm", "empty"]);
  });
});
