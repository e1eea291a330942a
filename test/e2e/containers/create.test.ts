import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { tar } from "#test/support/tar.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const none = { HostConfig: { NetworkMode: "none" } };

daemonSuite("create", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  async function create(body: object): Promise<{ status: number; message: string }> {
    const response = await daemon.request("POST", "/containers/create", {
      Image: "box:1",
      Cmd: ["true"],
      ...body,
    });
    return { status: response.status, ...((await response.json()) as { message: string }) };
  }

  test("answers 404 only for a missing image, because clients pull it then", async () => {
    expect((await create({ ...none, Image: "missing:1" })).status).toBe(404);
    for (const HostConfig of [
      { NetworkMode: "missing" },
      { NetworkMode: "none", PidMode: "container:missing" },
      { NetworkMode: "none", IpcMode: "container:missing" },
      { NetworkMode: "none", VolumesFrom: ["missing"] },
      { Links: ["missing:alias"] },
    ]) {
      expect(await create({ HostConfig })).toEqual({
        status: 400,
        message: expect.stringContaining("missing"),
      });
    }
  });

  test("answers 400 for an invalid image name", async () => {
    for (const Image of ["UPPER", "a b", "box:1:2", "box@sha256:00"]) {
      expect(await create({ Image })).toEqual({
        status: 400,
        message: expect.stringContaining("invalid reference format"),
      });
    }
    expect((await daemon.request("GET", "/images/UPPER/json")).status).toBe(400);
  });

  test("accepts a link alias with a slash", async () => {
    await daemon.printed("create", "--name", "db", "box:1", "true");
    const response = await create({ HostConfig: { Links: ["db:/mysql"] } });
    expect(response.status).toBe(201);
  });

  test("accepts log options that do not change the log", async () => {
    const LogConfig = {
      Type: "json-file",
      Config: {
        compress: "true",
        mode: "non-blocking",
        "max-buffer-size": "4m",
        "max-size": "1m",
        "max-file": "2",
      },
    };
    expect((await create({ HostConfig: { ...none.HostConfig, LogConfig } })).status).toBe(201);
    LogConfig.Config.mode = "maybe";
    expect((await create({ HostConfig: { ...none.HostConfig, LogConfig } })).status).toBe(400);
  });

  test("takes empty detach keys as the default ones", async () => {
    expect(
      await daemon.printed("run", "--rm", "--network", "none", "--detach-keys", "", "box:1", "echo", "x"),
    ).toBe("x");
  });

  test("accepts the triggers of an image and shows them", async () => {
    const { status, ...created } = await create({ ...none, OnBuild: ["RUN x"] });
    expect(status).toBe(201);
    const { Id } = created as unknown as { Id: string };
    const inspected = await (await daemon.request("GET", `/containers/${Id}/json`)).json();
    expect(inspected).toMatchObject({ Config: { OnBuild: ["RUN x"] } });
  });

  test("refuses a nameserver that is not an address", async () => {
    expect(await create({ HostConfig: { ...none.HostConfig, Dns: ["nope"] } })).toMatchObject({
      status: 400,
    });
  });

  test("a copy to a read-only mount is answered with 400", async () => {
    await daemon.printed(
      "create",
      "--name",
      "sealed",
      "--network",
      "none",
      "-v",
      "sealed:/sealed:ro",
      "box:1",
      "true",
    );
    const archive = new Uint8Array(tar([{ path: "x", content: "x" }]));
    const put = await fetch("http://docker/containers/sealed/archive?path=/sealed", {
      unix: daemon.socket,
      method: "PUT",
      body: archive,
    });
    expect(put.status).toBe(400);
  });

  test("the working directory exists before the first start", async () => {
    await daemon.printed(
      "create",
      "--name",
      "works",
      "--network",
      "none",
      "-w",
      "/new/place",
      "box:1",
      "pwd",
    );
    const archive = new Uint8Array(tar([{ path: "x", content: "x" }]));
    const path = "/containers/works/archive?path=/new/place";
    const put = await fetch(`http://docker${path}`, { unix: daemon.socket, method: "PUT", body: archive });
    expect(put.status).toBe(200);
    expect(await daemon.printed("start", "-a", "works")).toBe("/new/place");
  });

  test.each(["created", "running"])(
    "the status of /proc in a container that is %s is found",
    async (state) => {
      await daemon.printed("create", "--name", state, "--network", "none", "box:1", "sleep", "1000");
      if (state === "running") await daemon.printed("start", state);
      expect((await daemon.request("HEAD", `/containers/${state}/archive?path=/proc`)).status).toBe(200);
      await daemon.printed("rm", "-f", state);
    },
  );

  test("a start accepts the body {} and refuses a longer one", async () => {
    await daemon.printed("create", "--name", "starts", "--network", "none", "box:1", "true");
    expect((await daemon.request("POST", "/containers/starts/start", { Binds: [] })).status).toBe(400);
    expect((await daemon.request("POST", "/containers/starts/start", {})).status).toBe(204);
  });

  test("a start with a taken port, or a link to a stopped container, is answered with 500", async () => {
    const published = ["-p", `127.0.0.1:${await freePorts()}:80`];
    await daemon.printed("run", "-d", "--name", "first", ...published, "box:1", "sleep", "1000");
    await daemon.printed("create", "--name", "second", ...published, "box:1", "true");
    expect((await daemon.request("POST", "/containers/second/start")).status).toBe(500);
    await daemon.printed("create", "--name", "linked", "--link", "second", "box:1", "true");
    expect((await daemon.request("POST", "/containers/linked/start")).status).toBe(500);
    await daemon.printed("rm", "-f", "first");
  });

  test("a start of an empty command is answered with 400", async () => {
    const { status, ...created } = await create({ ...none, Cmd: [""] });
    expect(status).toBe(201);
    const { Id } = created as unknown as { Id: string };
    expect((await daemon.request("POST", `/containers/${Id}/start`)).status).toBe(400);
  });

  test("a container of the host's network cannot be connected to another network, with status 400", async () => {
    await daemon.printed("create", "--name", "hosted", "--network", "host", "box:1", "true");
    const body = { Container: "hosted" };
    expect((await daemon.request("POST", "/networks/bridge/connect", body)).status).toBe(400);
  });
});
