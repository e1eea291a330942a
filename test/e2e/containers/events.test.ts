import { expect, test } from "bun:test";
import { openConnection } from "#test/support/connection.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite("events", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  /** Returns the lines of the events of the last moments. */
  async function lines(filters: Record<string, string[]>): Promise<string[]> {
    const query = new URLSearchParams({
      since: "1",
      until: String((Date.now() + 2) / 1000),
      filters: JSON.stringify(filters),
    });
    const text = await (await daemon.request("GET", `/events?${query}`)).text();
    return text.split("\n").filter((line) => line !== "");
  }
  async function actions(filters: Record<string, string[]>): Promise<string[]> {
    const events = (await lines(filters)).map((line): { Type: string; Action: string } => JSON.parse(line));
    return events.map(({ Type, Action }) => `${Type}:${Action}`);
  }

  test("have exact, strictly rising times in nanoseconds", async () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    for (let number = 0; number < 20; number++)
      await daemon.request("POST", "/volumes/create", { Name: `v${number}` });
    const times = (await lines({ type: ["volume"] })).map((line) =>
      BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? 0),
    );
    expect(times).toHaveLength(20);
    expect(times).toEqual([...new Set(times)].sort((a, b) => (a < b ? -1 : 1)));
    expect(times[0] ?? 0n).toBeGreaterThanOrEqual(before);
    // Digits below those that a number of JavaScript or a clock of milliseconds has.
    expect(times.some((time) => time % 256n !== 0n)).toBe(true);
    expect(times.some((time) => time % 1_000_000n > 1000n)).toBe(true);
    const formatted = ["events", "--since", "1", "--until", "0s", "--filter", "type=volume", "--format"];
    for (const format of ["json", "{{json .}}"])
      expect(await daemon.printed(...formatted, format)).toContain(`"timeNano":${times[0]}`);
  });

  test("report what a container leaves before its end", async () => {
    await daemon.printed("run", "--name", "short", "-v", "data:/data", "box:1", "true");
    const found = await actions({ event: ["mount", "connect", "start", "disconnect", "unmount", "die"] });
    expect(found.slice(-6)).toEqual([
      "volume:mount",
      "network:connect",
      "container:start",
      "network:disconnect",
      "volume:unmount",
      "container:die",
    ]);
    await daemon.printed("rm", "short");
  });

  test("report that a container whose start failed left its network", async () => {
    await daemon.printed("create", "--name", "broken", "box:1", "/missing");
    expect((await daemon.tbox(["start", "broken"])).code).toBe(1);
    const found = await actions({ event: ["connect", "disconnect"] });
    expect(found.slice(-2)).toEqual(["network:connect", "network:disconnect"]);
    await daemon.printed("rm", "broken");
  });

  test("report prunes with the reclaimed bytes, and top", async () => {
    await daemon.printed("run", "-d", "--name", "busy", "--network", "none", "box:1", "sleep", "1000");
    await daemon.request("GET", "/containers/busy/top");
    for (const kind of ["containers", "images", "volumes", "networks"])
      await daemon.request("POST", `/${kind}/prune`);
    await daemon.request("POST", "/build/prune");
    expect(await actions({ event: ["top", "prune"] })).toEqual([
      "container:top",
      "container:prune",
      "image:prune",
      "volume:prune",
      "network:prune",
      "builder:prune",
    ]);
    const [line = ""] = await lines({ event: ["prune"] });
    expect(JSON.parse(line)).toMatchObject({
      Actor: { ID: "", Attributes: { reclaimed: expect.stringMatching(/^\d+$/) } },
    });
    await daemon.printed("rm", "-f", "busy");
  });

  test("report a client that detaches", async () => {
    await daemon.printed("run", "-dit", "--name", "terminal", "--network", "none", "box:1", "cat");
    using client = await openConnection(daemon.socket);
    client.write(
      "POST /containers/terminal/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-a HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    await client.until("\r\n\r\n");
    client.write("\x01");
    await until(async () => (await actions({ event: ["detach"] })).length === 1);
    await daemon.printed("rm", "-f", "terminal");
  });

  test("report a commit as a new image and its tag, and the removal of a name with the image's ID", async () => {
    await daemon.printed("create", "--name", "base", "--network", "none", "box:1", "true");
    const id = await daemon.printed("commit", "base", "made/by");
    await daemon.printed("tag", "made/by", "other/name");
    await daemon.printed("rmi", "other/name");
    const events = (await lines({ type: ["image"], event: ["create", "tag", "untag"] })).map(
      (line): { Action: string; Actor: { ID: string; Attributes: { name: string } } } => JSON.parse(line),
    );
    expect(events.slice(-4).map(({ Action, Actor }) => [Action, Actor.ID, Actor.Attributes.name])).toEqual([
      ["create", id, id],
      ["tag", id, "made/by:latest"],
      ["tag", id, "other/name:latest"],
      ["untag", id, id],
    ]);
    await daemon.printed("rm", "base");
  });

  test("of an image have its labels", async () => {
    await daemon.printed("create", "--name", "base", "--network", "none", "box:1", "true");
    await daemon.printed("commit", "--change", "LABEL kind=test", "base", "labelled");
    await daemon.printed("tag", "labelled", "second");
    const [event = ""] = (await lines({ type: ["image"], event: ["tag"] })).slice(-1);
    expect(JSON.parse(event).Actor.Attributes).toEqual({ kind: "test", name: "second:latest" });
    await daemon.printed("rm", "base");
  });

  test("of an earlier daemon are replayed, also after it was killed", async () => {
    const id = await daemon.printed("create", "--name", "earlier", "--network", "none", "box:1", "true");
    const replayed = async () =>
      (
        await daemon.printed(
          "events",
          "--since",
          "1h",
          "--until",
          "0s",
          "--format",
          "{{.Action}} {{.Actor.ID}}",
        )
      )
        .split("\n")
        .filter((line) => line === `create ${id}`).length;
    // Reading writes the events of this moment to the journal.
    expect(await replayed()).toBe(1);
    await daemon.kill();
    await daemon.start();
    await daemon.printed("rm", "earlier");
    expect(await replayed()).toBe(1);
  });

  test("are counted by the metrics, with the phases of starts", async () => {
    await daemon.printed("run", "--rm", "--network", "none", "box:1", "true");
    await daemon.tbox(["run", "--rm", "--network", "none", "box:1", "/no-such-program"]);
    const response = await daemon.request("GET", "/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await response.text();
    expect(text).toMatch(/^tbox_events_total\{type="container",action="start"\} [1-9]/m);
    expect(text).toMatch(/^tbox_container_start_phase_seconds_count\{phase="total"\} [1-9]/m);
    expect(text).toMatch(/^tbox_container_start_failures_total [1-9]/m);
    expect(text).toMatch(/^tbox_objects\{type="network"\} 3$/m);
    expect(text).toMatch(/^tbox_disk_bytes\{part="available"\} [1-9]/m);
  });

  test("an ended container with a health check is unhealthy", async () => {
    await daemon.printed(
      "run",
      "--name",
      "checked",
      "--network",
      "none",
      "--health-cmd",
      "true",
      "box:1",
      "true",
    );
    expect(await daemon.printed("inspect", "-f", "{{.State.Health.Status}}", "checked")).toBe("unhealthy");
    await daemon.printed("rm", "checked");
  });
});
