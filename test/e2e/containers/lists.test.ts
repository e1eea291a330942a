import { afterEach, beforeEach, expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, loadShell, shellUnavailable } from "../support/images.ts";

/** Fields of an item of `GET /containers/json` that the tests look at. */
interface Listed {
  Id: string;
  Names: string[];
  Image: string;
  State: string;
  Status: string;
  Ports: { PrivatePort: number; PublicPort?: number }[];
  NetworkSettings: { Networks: Record<string, { NetworkID: string; IPAddress: string }> };
}

// The daemon caches whole lists, their items and their lines. Every test lists before each change, to fill the caches.
daemonSuite("lists after a change", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const tbox = (...args: string[]) => daemon.printed(...args);
  const json = async <Answer>(path: string) => (await (await daemon.request("GET", path)).json()) as Answer;
  const list = () => json<Listed[]>("/containers/json?all=1");
  const start = (name: string, ...options: string[]) =>
    tbox("run", "-d", "--name", name, ...options, "box:1", "sleep", "1000");

  /** Lists in all forms, and returns the item and the line of a container. */
  async function find(name: string): Promise<{ item: Listed | undefined; line: string | undefined }> {
    await tbox("ps");
    const lines = (await tbox("ps", "-a")).split("\n");
    const items = await list();
    return {
      item: items.find(({ Names }) => Names.includes(`/${name}`)),
      line: lines.find((one) => one.endsWith(name)),
    };
  }

  const expectState = async (name: string, state: string, status: RegExp) => {
    const { item, line } = await find(name);
    expect({ State: item?.State, line }).toEqual({ State: state, line: expect.stringMatching(status) });
    expect(item?.Status).toMatch(status);
    expect((await tbox("ps")).includes(name)).toBe(state === "running" || state === "paused");
  };

  beforeEach(() => find("none"));
  afterEach(async () => {
    const all = (await tbox("ps", "-aq")).split("\n").filter((id) => id !== "");
    if (all.length > 0) await tbox("rm", "-f", ...all);
  });

  test("show a container's creation, start, exit, restart, rename and removal", async () => {
    await tbox("create", "--name", "web", "box:1", "sh", "-c", "exit 3");
    await expectState("web", "created", /Created/);
    await tbox("start", "web");
    await tbox("wait", "web");
    await expectState("web", "exited", /Exited \(3\)/);
    await tbox("rename", "web", "renamed");
    expect((await find("web")).item).toBeUndefined();
    await expectState("renamed", "exited", /Exited \(3\)/);
    await start("long");
    await expectState("long", "running", /Up/);
    await tbox("restart", "-t", "0", "long");
    await expectState("long", "running", /Up/);
    await tbox("kill", "long");
    await tbox("wait", "long");
    await expectState("long", "exited", /Exited \(137\)/);
    await tbox("rm", "long");
    expect(await find("long")).toEqual({ item: undefined, line: undefined });
  });

  test("show the end of a container that is removed at its exit", async () => {
    await start("short", "--rm");
    await expectState("short", "running", /Up/);
    await tbox("kill", "short");
    await until(async () => (await find("short")).item === undefined);
    expect((await find("short")).line).toBeUndefined();
  });

  test("show the state of the health check", async () => {
    await start("web", "--health-cmd", "test -e /ill || exit 0; exit 1", "--health-interval", "50ms");
    await until(async () => (await find("web")).line?.includes("(healthy)") === true);
    await tbox("exec", "web", "touch", "/ill");
    await until(async () => (await find("web")).line?.includes("(unhealthy)") === true);
    expect((await find("web")).item?.Status).toContain("(unhealthy)");
  });

  test("show a container that waits for its restart", async () => {
    await tbox("run", "-d", "--name", "web", "--restart", "always", "box:1", "false");
    await until(async () => (await find("web")).item?.State === "restarting");
    await tbox("stop", "web");
    await expectState("web", "exited", /Exited/);
  });

  test("show a growing age of the state and of the container", async () => {
    await start("web");
    const ages = new Set<string | undefined>();
    await until(async () => ages.add((await find("web")).line?.replace(/\s{2,}/g, "|")).size >= 3);
    const statuses = new Set<string | undefined>();
    await until(async () => statuses.add((await find("web")).item?.Status).size >= 3);
  });

  test("show networks, addresses and ports as they come and go", async () => {
    await start("web", "-p", "80");
    const first = (await find("web")).item;
    expect(first?.Ports[0]?.PublicPort).toBeGreaterThan(0);
    await tbox("network", "create", "one");
    await tbox("network", "connect", "one", "web");
    const connected = (await find("web")).item?.NetworkSettings.Networks;
    expect(Object.keys(connected ?? {}).sort()).toEqual(["bridge", "one"]);
    expect(connected?.one?.IPAddress).not.toBe("");
    await tbox("network", "disconnect", "one", "web");
    expect(Object.keys((await find("web")).item?.NetworkSettings.Networks ?? {})).toEqual(["bridge"]);
    await tbox("stop", "-t", "0", "web");
    const stopped = (await find("web")).item;
    expect(stopped?.Ports).toEqual([]);
    expect(stopped?.NetworkSettings.Networks.bridge?.IPAddress).toBe("");
    await tbox("start", "web");
    expect((await find("web")).item?.Ports[0]?.PublicPort).toBeGreaterThan(0);
    await tbox("network", "rm", "one");
  });

  test("show a network that was created again under its name", async () => {
    await tbox("network", "create", "again");
    await tbox("create", "--name", "web", "--network", "again", "box:1", "true");
    const idOf = async () => (await find("web")).item?.NetworkSettings.Networks.again?.NetworkID;
    const before = await idOf();
    await tbox("network", "rm", "again");
    const id = await tbox("network", "create", "again");
    expect([before === id, await idOf()]).toEqual([false, id]);
    await tbox("rm", "web");
    await tbox("network", "rm", "again");
  });

  test("show the names that links give, and those of the linking container", async () => {
    await start("base");
    await start("user", "--link", "base:db");
    expect((await find("base")).item?.Names).toEqual(["/base", "/user/db"]);
    await tbox("rename", "user", "other");
    expect((await find("base")).item?.Names).toEqual(["/base", "/other/db"]);
    await tbox("rm", "-f", "other");
    expect((await find("base")).item?.Names).toEqual(["/base"]);
  });

  test("show the ID of an image whose name moved to another image", async () => {
    await loadShell(daemon, "moving:1", { Labels: { number: "1" } });
    const id = (await json<{ Id: string }>("/images/moving:1/json")).Id;
    await tbox("create", "--name", "web", "moving:1", "true");
    expect((await find("web")).item?.Image).toBe("moving:1");
    await loadShell(daemon, "moving:1", { Labels: { number: "2" } });
    const { item, line } = await find("web");
    expect(item?.Image).toBe(id);
    expect(line).toContain(id.slice("sha256:".length, 19));
    await tbox("rm", "web");
    await tbox("rmi", "moving:1", id);
  });

  test("show images, their names, containers and ages", async () => {
    const images = () => json<{ Id: string; RepoTags: string[]; Containers: number }[]>("/v1.51/images/json");
    const box = async () => {
      const lines = await tbox("images");
      const item = (await images()).find(({ RepoTags }) => RepoTags.includes("box:1"));
      return { lines, tags: item?.RepoTags.toSorted(), containers: item?.Containers };
    };
    expect(await box()).toMatchObject({ tags: ["box:1"], containers: 0 });
    await tbox("tag", "box:1", "more:2");
    expect(await box()).toMatchObject({
      lines: expect.stringMatching(/^more +2 /m),
      tags: ["box:1", "more:2"],
      containers: 0,
    });
    await tbox("create", "--name", "web", "box:1", "true");
    expect((await box()).containers).toBe(1);
    await tbox("rm", "web");
    expect((await box()).containers).toBe(0);
    await tbox("rmi", "more:2");
    expect((await box()).lines).not.toContain("more");
    expect((await box()).tags).toEqual(["box:1"]);
  });

  test("show networks and volumes as they come and go", async () => {
    const names = async () => [
      (await tbox("network", "ls", "--format", "{{.Name}}")).split("\n").includes("one"),
      (await tbox("network", "ls")).includes(" one "),
      (await tbox("volume", "ls")).endsWith(" one"),
      (await json<{ Name: string }[]>("/networks")).some(({ Name }) => Name === "one"),
      (await json<{ Volumes: { Name: string }[] }>("/volumes")).Volumes.some(({ Name }) => Name === "one"),
    ];
    const none = Array(5).fill(false);
    expect(await names()).toEqual(none);
    await tbox("network", "create", "one");
    await tbox("volume", "create", "one");
    expect(await names()).toEqual(Array(5).fill(true));
    await tbox("network", "rm", "one");
    await tbox("volume", "rm", "one");
    expect(await names()).toEqual(none);
  });

  test("follow the options of each command", async () => {
    await start("web");
    const { Id } = (await list()).find(({ Names }) => Names.includes("/web")) ?? { Id: "" };
    expect(await tbox("ps")).toContain(Id.slice(0, 12));
    expect(await tbox("ps", "--no-trunc")).toContain(Id);
    expect(await tbox("ps")).not.toContain(Id);
    expect(await tbox("ps", "-q")).toBe(Id.slice(0, 12));
    expect(await tbox("ps", "-s")).toContain("SIZE");
    expect(await tbox("ps")).not.toContain("SIZE");
    expect(await tbox("images", "--digests")).toContain("DIGEST");
    expect(await tbox("images")).not.toContain("DIGEST");
  });
});
