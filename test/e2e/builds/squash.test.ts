import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { build } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [
    { path: "base/sub/old", content: "old" },
    { path: "gone", content: "gone" },
    { path: "kept", content: "kept" },
    { path: "kind", content: "a file" },
  ]);
}

daemonSuite("build --squash", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const dockerfile = (from: string, ...steps: string[]) =>
    [`FROM ${from}`, ...steps.map((step) => (/^[A-Z]/.test(step) ? step : `RUN ${step}`)), ""].join("\n");
  const steps = [
    "rm /gone; rm -r /base/sub; mkdir /base/sub; echo new > /base/sub/new",
    "mkdir /d /e; echo 1 > /d/x; ln /d/x /d/y; ln /d/x /e/z; echo secret > /secret; echo a > /tmp/a",
    "rm /secret /d/x; ln -s d /link; rm /kind; mkdir /kind; echo z > /kind/z",
    "chmod 2750 /d; chown 5:6 /d; rm -r /home; echo f > /home; rm -r /tmp; mkdir -m 1777 /tmp; mkfifo /fifo",
    "chmod 4711 /e/z; touch -d '2001-02-03 04:05:06' /e; rm -r /base; mkdir /base; echo b > /base/b",
  ];

  async function made(file: string, ...options: string[]) {
    const { code, stdout, stderr } = await build(daemon, file, {}, ...options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [image] = JSON.parse((await daemon.tbox(["inspect", stdout])).stdout);
    return { id: stdout, layers: image.RootFS.Layers as string[] };
  }

  /** Lists all files of an image with types, permissions, owners, times and contents. */
  async function listing(image: string): Promise<string[]> {
    const script =
      "find / -xdev -exec stat -c '%n %F %a %u %g %Y %N' {} + | grep -Ev '^/(etc/(hosts|hostname|resolv.conf)|dev|proc|sys)?(/| )'; find /base /d /e /kind /home /kept -type f -exec md5sum {} +";
    const { stdout, stderr } = await daemon.tbox([
      "run",
      "--rm",
      "--network",
      "none",
      image,
      "sh",
      "-c",
      script,
    ]);
    expect(stderr).toBe("");
    return stdout.split("\n").sort();
  }

  test("gives the same files in one layer, without intermediate ones", async () => {
    const [plain, squashed] = [
      await made(dockerfile("box:1", ...steps)),
      await made(dockerfile("box:1", ...steps), "--squash", "-t", "squashed:1"),
    ];
    expect(plain.layers).toHaveLength(7);
    expect(squashed.layers).toHaveLength(3);
    expect(squashed.layers.slice(0, 2)).toEqual(plain.layers.slice(0, 2));
    const files = await listing(plain.id);
    expect(files.length).toBeGreaterThan(200);
    expect(await listing(squashed.id)).toEqual(files);
    const saved = `${daemon.environment.HOME}/squashed.tar`;
    await daemon.printed("save", "-o", saved, "squashed:1");
    const layer = `blobs/${squashed.layers[2]?.replace(":", "/")}`;
    const names = (await Bun.$`tar -xOf ${saved} ${layer} | tar -t`.text()).split("\n");
    expect(names).toContain(".wh.gone");
    expect(names.filter((name) => /secret|tmp\/a|sub/.test(name))).toEqual([]);
    const history = await daemon.tbox(["history", "--format", "{{.CreatedBy}}", "squashed:1"]);
    expect(history.stdout.split("\n")[0]).toBe("squash of 5 layers");
    expect((await daemon.tbox(["system", "check"])).stdout).toContain("no damage");
  });

  test("includes the stages that the target is based on, and works on scratch", async () => {
    const stages = "FROM box:1 AS one\nRUN echo 1 > /one\nFROM one\nRUN echo 2 > /two; rm /one\n";
    expect((await made(stages, "--squash")).layers).toHaveLength(3);
    const scratch = await made(
      "FROM box:1 AS one\nFROM scratch\nCOPY --from=one /bin /bin\nCOPY --from=one /kept /a\nCOPY --from=one /kept /b\n",
      "--squash",
    );
    expect(scratch.layers).toHaveLength(1);
    expect(
      (await daemon.tbox(["run", "--rm", "--network", "none", scratch.id, "/bin/cat", "/a", "/b"])).stdout,
    ).toBe("keptkept");
  });

  test("gives the same image every time", async () => {
    const file = dockerfile("box:1", ...steps);
    const [one, two] = [await made(file, "--squash"), await made(file, "--squash")];
    expect(one).toEqual(two);
  });
});
