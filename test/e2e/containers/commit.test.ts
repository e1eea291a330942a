import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(
    daemon,
    "box:1",
    { Labels: { kind: "box" }, Cmd: ["true"], WorkingDir: "/work", Healthcheck: { Test: ["NONE"] } },
    [
      { path: "data/kept", content: "kept" },
      { path: "data/gone", content: "gone" },
      { path: "data/also", content: "also" },
      { path: "tree/a/b", content: "b" },
      { path: "tree/a/c", content: "c" },
      { path: "old/x", content: "x" },
      { path: "work", type: "directory" },
    ],
  );
}

daemonSuite("diff and commit", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  /** Runs a script in a container `name` of an image and keeps the container. */
  async function change(name: string, script: string, image = "box:1"): Promise<void> {
    const { code, stderr } = await tbox(
      "run",
      "--name",
      name,
      "--network",
      "none",
      image,
      "sh",
      "-c",
      script,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }
  const commit = async (...args: string[]) => {
    const { code, stdout, stderr } = await tbox("commit", ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  };
  const runs = async (image: string, script: string) =>
    (await tbox("run", "--rm", "--network", "none", image, "sh", "-c", script)).stdout;

  const work = [
    "rm /data/gone /data/also",
    "echo more >> /data/kept",
    "rm -r /tree/a; mkdir /tree/a; echo new > /tree/a/d",
    "rm -r /old",
    "mkdir -p /made; echo 1 > /made/one; ln /made/one /made/two; ln -s one /made/link; mkfifo /made/pipe",
    "chown 7:8 /made/one; chmod 4750 /made/one; touch -d @1600000000 /made/one",
    `echo long > /made/${"n".repeat(180)}`,
  ].join("; ");

  test("diff lists changes, also of a running container", async () => {
    await tbox(
      "run",
      "-d",
      "--name",
      "lists",
      "--network",
      "none",
      "box:1",
      "sh",
      "-c",
      `${work}; sleep 1000`,
    );
    const changes = async () => (await tbox("diff", "lists")).stdout.trimEnd().split("\n");
    while (!(await changes()).some((line) => line.includes("nnn"))) await Bun.sleep(20);
    const expected = [
      "C /data",
      "D /data/also",
      "D /data/gone",
      "C /data/kept",
      "A /made",
      "A /made/link",
      `A /made/${"n".repeat(180)}`,
      "A /made/one",
      "A /made/pipe",
      "A /made/two",
      "D /old",
      "C /tree",
      "C /tree/a",
      "A /tree/a/d",
    ];
    expect(await changes()).toEqual(expected);
    await tbox("kill", "lists");
    await tbox("wait", "lists");
    expect(await changes()).toEqual(expected);
    const answer = await daemon.request("GET", "/containers/lists/changes");
    expect(await answer.json()).toContainEqual({ Path: "/data/gone", Kind: 2 });
    await tbox("rm", "lists");
  });

  test("diff of a new container is empty", async () => {
    await change("idle", "cat /etc/hosts > /dev/null; echo > /dev/null");
    expect((await tbox("diff", "idle")).stdout).toBe("");
    expect(await (await daemon.request("GET", "/containers/idle/changes")).json()).toBeNull();
    const id = await commit("idle", "idle:1");
    const { RootFS } = JSON.parse((await tbox("inspect", "-f", "{{json .}}", "box:1")).stdout);
    const made = JSON.parse((await tbox("inspect", "-f", "{{json .}}", "idle:1")).stdout);
    expect(made.Id).toBe(id);
    expect(made.RootFS).toEqual(RootFS);
    await tbox("rm", "idle");
  });

  test("commit makes a layer with all attributes of the changes", async () => {
    await change("worker", work);
    const id = await commit("-a", "Ada", "-m", "worked", "worker", "made:1");
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    const script = [
      "ls /data /tree/a /made; ls -d /old",
      "cat /data/kept",
      "stat -c '%a %u:%g %Y %h' /made/one",
      "readlink /made/link; test -p /made/pipe && echo pipe; test /made/one -ef /made/two && echo same",
    ].join("; ");
    expect(await runs("made:1", script)).toBe(
      [
        ...[
          "/data:",
          "kept",
          "",
          "/made:",
          "link",
          "n".repeat(180),
          "one",
          "pipe",
          "two",
          "",
          "/tree/a:",
          "d",
        ],
        ...["keptmore", "4750 7:8 1600000000 2", "one", "pipe", "same", ""],
      ].join("\n"),
    );
    const { Author, Config, Parent } = JSON.parse(
      (await tbox("inspect", "-f", "{{json .}}", "made:1")).stdout,
    );
    expect(Author).toBe("Ada");
    expect(Parent).toBe((await tbox("inspect", "-f", "{{.Id}}", "box:1")).stdout.trim());
    expect(Config).toMatchObject({ Labels: { kind: "box" }, WorkingDir: "/work", Cmd: ["sh", "-c", work] });
    const history = (await tbox("history", "--no-trunc", "--format", "{{.Comment}}|{{.CreatedBy}}", "made:1"))
      .stdout;
    expect(history.split("\n")[0]).toBe(`worked|sh -c ${work}`);
    await tbox("rm", "worker");
  });

  test("equal changes give the same layer", async () => {
    const layer = async (name: string) => {
      await change(name, "mkdir /d; touch -d @1600000000 /d/f /d; touch -d @1600000000 /");
      await commit(name, `${name}:1`);
      await tbox("rm", name);
      return (await tbox("inspect", "-f", "{{json .RootFS.Layers}}", `${name}:1`)).stdout;
    };
    expect(await layer("one")).toBe(await layer("two"));
  });

  test("commits stack", async () => {
    await change("first", "rm -r /tree; echo 1 > /first");
    await commit("first", "stack:1");
    await change("second", "mkdir /tree; echo 2 > /tree/two; rm /first", "stack:1");
    expect((await tbox("diff", "second")).stdout).toBe("D /first\nA /tree\nA /tree/two\n");
    await commit("second", "stack:2");
    expect(await runs("stack:2", "ls /tree; ls -d /first || true")).toBe("two\n");
    await tbox("rm", "first", "second");
  });

  test("commit applies --change and the configuration in the body", async () => {
    await change("settings", ":");
    await commit("-c", "CMD echo changed", "-c", "ENV A=1 B=2", "settings", "settings:1");
    expect((await tbox("run", "--rm", "--network", "none", "settings:1")).stdout).toBe("changed\n");
    expect(await runs("settings:1", "echo $A$B")).toBe("12\n");
    const changes = ["-c", "ENV PATH=/q:$PATH A=1", "-c", "ENV B=$A$A", "-c", "WORKDIR b", "-c", "WORKDIR c"];
    await commit(...changes, "settings", "settings:3");
    expect(await runs("settings:3", "echo $PATH $B; pwd")).toMatch(/^\/q:\S+ 11\n\/work\/b\/c\n$/);
    const answer = await daemon.request("POST", "/commit?container=settings&repo=settings&tag=2", {
      Labels: { own: "1" },
      Cmd: ["echo", "body"],
    });
    expect(answer.status).toBe(201);
    expect((await tbox("run", "--rm", "--network", "none", "settings:2")).stdout).toBe("body\n");
    await tbox("rm", "settings");
  });

  test("commit reports errors", async () => {
    const missing = await tbox("commit", "nobody");
    expect({ ...missing }).toMatchObject({
      code: 1,
      stderr: "tbox: No such container: nobody\n",
    });
    await tbox("create", "--name", "host", "--rootfs", "/", "true");
    expect((await tbox("diff", "host")).stderr).toContain("has a directory of the host as its root");
    await change("bad", ":");
    expect((await tbox("commit", "-c", "RUN x", "bad")).stderr).toContain(
      "RUN is not a valid change command",
    );
    expect((await tbox("commit", "bad", "UPPER:1")).stderr).toContain("must be lowercase");
    await tbox("rm", "host", "bad");
  });
});
