import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { build, builtOutput, type ContextFiles } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

daemonSuite("a hostile Dockerfile", { obstacle: shellUnavailable }, (daemon) => {
  let outside: TemporaryDirectory;
  beforeAll(async () => {
    outside = temporaryDirectory("outside");
    writeFileSync(`${outside.path}/canary`, "canary");
    await loadShell(daemon, "box:1", {}, [
      { path: "out", type: "symlink", target: outside.path },
      { path: "up", type: "symlink", target: "../../../../../.." },
    ]);
  });
  afterAll(async () => {
    outside?.[Symbol.dispose]();
  });

  const untouched = () => {
    expect(readdirSync(outside.path)).toEqual(["canary"]);
    expect(readFileSync(`${outside.path}/canary`, "utf8")).toBe("canary");
  };

  test.each([
    ["a Dockerfile", { Dockerfile: { link: "OUT/canary" } }, "Cannot locate specified Dockerfile"],
    ["a directory of sources", { d: { link: "OUT" } }, "file does not exist"],
    ["what is above", { d: { link: "../../../../../../../../OUT" } }, "file does not exist"],
  ])("does not read %s through a link that leaves the context", async (_, files, reason) => {
    const linked = Object.fromEntries(
      Object.entries(files).map(([name, { link }]) => [name, { link: link.replace("OUT", outside.path) }]),
    );
    const { code, stderr } = await build(daemon, "FROM box:1\nCOPY d/canary /x\n", linked as ContextFiles);
    expect({ code, told: stderr.includes(reason) ? reason : stderr }).toEqual({ code: 1, told: reason });
    expect(stderr).not.toContain("canary /x\ncanary");
  });

  test("does not read a .dockerignore through a link that leaves the context", async () => {
    writeFileSync(`${outside.path}/ignore`, "*\n");
    const files: ContextFiles = { ".dockerignore": { link: `${outside.path}/ignore` }, f: "f" };
    expect(await builtOutput(daemon, "cat /f", "FROM box:1\nCOPY f /f\n", files)).toBe("f");
    Bun.spawnSync(["rm", `${outside.path}/ignore`]);
  });

  test.each([
    ["type=bind,from=box:1,source=/out,target=/m", "ls /m/canary"],
    ["type=bind,from=box:1,source=/up,target=/m", "ls /m/OUT/canary"],
    ["type=bind,source=../..,target=/m", "ls /m/OUT/canary /m/canary"],
    ["type=cache,id=../../..,target=/m", "ls /m/../OUT/canary /m/OUT/canary"],
    ["type=cache,from=box:1,source=/out,target=/m", "ls /m/canary"],
    ["type=tmpfs,target=/out/x", "ls /out/canary"],
    ["type=cache,target=/up/x", "ls /up/OUT/canary"],
    ["type=secret,id=s,target=/out/s", "ls /out/canary"],
  ])("does not see the host through --mount=%s", async (mount, script) => {
    const run = `RUN --mount=${mount} ${script.replaceAll("OUT", outside.path.slice(1))}`;
    const { code, stderr } = await build(daemon, `FROM box:1\n${run}\n`);
    expect(code).toBe(1);
    expect(stderr).not.toContain("internal");
    untouched();
  });

  test.each([
    ["type=bind,target=/m,bind-propagation=rshared", "unexpected key 'bind-propagation'"],
    ["type=bind,target=/m,type=nope", 'unsupported mount type "nope"'],
    ["type=bind,target=/", 'invalid mount target "/"'],
    ["type=tmpfs,target=/m,size=-1", "invalid value for size"],
    ["type=cache,target=/m,uid=4294967295", "invalid value 4294967295 for uid"],
    ["type=ssh,source=/x", "ssh does not support source"],
  ])("--mount=%s is refused by name", async (mount, reason) => {
    const { code, stderr } = await build(daemon, `FROM box:1\nRUN --mount=${mount} true\n`);
    expect({ code, told: stderr.includes(reason) ? reason : stderr }).toEqual({ code: 1, told: reason });
  });

  test("cannot change files outside by moving mount points", async () => {
    const script = `cd /; mv a b; ln -s ${outside.path} a; mkdir -p c; ln -s ${outside.path} c/d`;
    const mounts = "--mount=type=tmpfs,target=/a/m --mount=type=cache,target=/e/f";
    const { code } = await build(
      daemon,
      `FROM box:1\nRUN ${mounts} ${script}; rm -rf /e; true\nRUN ${mounts} true\n`,
    );
    expect(code).toBe(0);
    untouched();
  });

  test("never gets a cached result of other inputs", async () => {
    const made = new Set<string>();
    const variants: [string, ContextFiles, string[]][] = [
      ["COPY f /f", { f: "1" }, []],
      ["COPY f /f", { f: "2" }, []],
      ["COPY f /f", { f: { text: "1", mode: 0o600 } }, []],
      ["COPY --chown=1 f /f", { f: "1" }, []],
      ["COPY f /g", { f: "1" }, []],
      ["COPY f /f/", { f: "1" }, []],
      ["COPY f /f", { f: { link: "g" }, g: "3" }, []],
      ["ARG A\nRUN echo $A > /a", {}, ["--build-arg", "A=1"]],
      ["ARG A\nRUN echo $A > /a", {}, ["--build-arg", "A=2"]],
      ["ENV A=1\nRUN echo $A > /a; echo env", {}, []],
      ["USER 1\nRUN id > /tmp/i", {}, []],
      ["USER 2\nRUN id > /tmp/i", {}, []],
      ["RUN --network=none wc -l < /proc/net/dev > /n", {}, []],
      ["RUN wc -l < /proc/net/dev > /n", {}, []],
    ];
    for (const [lines, files, options] of variants) {
      const { stdout } = await build(daemon, `FROM box:1\n${lines}\n`, files, ...options);
      const [{ RootFS }] = JSON.parse((await daemon.tbox(["image", "inspect", stdout])).stdout);
      made.add(RootFS.Layers.join());
    }
    expect(made.size).toBe(variants.length);
  });
});
