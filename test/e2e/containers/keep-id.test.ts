import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { hasRanges } from "#test/support/user.ts";
import { build } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const obstacle = shellUnavailable ?? (hasRanges ? undefined : "the user has no subordinate ids");
const owner = { uid: 1000, gid: 1000 };
const files = [
  {
    path: "etc/passwd",
    content: "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\nother:x:1500:1500::/:/bin/sh\n",
  },
  { path: "etc/group", content: "root:x:0:\napp:x:1000:\nmore:x:2000:app\n" },
  { path: "home/app", type: "directory" as const, mode: 0o700, ...owner },
  { path: "home/app/own", content: "of the image\n", mode: 0o600, ...owner },
];

daemonSuite("--userns keep-id", { obstacle: obstacle }, (daemon) => {
  let directory: TemporaryDirectory;
  let project: string;
  beforeAll(async () => {
    directory = temporaryDirectory("project");
    project = `${directory.path}/project`;
    mkdirSync(project);
    writeFileSync(`${project}/private`, "the caller's\n", { mode: 0o600 });
    for (const user of ["", "1000", "app"]) await loadShell(daemon, `user${user}:1`, { User: user }, files);
  });
  afterAll(async () => {
    directory?.[Symbol.dispose]();
  });

  const start = (how: string[], ...command: string[]) =>
    daemon.tbox(["run", ...how, "--network", "none", "-v", `${project}:/p`, ...command]);
  const keep = ["--userns", "keep-id"];

  /** Returns the owner of a file of the project on the host. */
  function ownerOf(name: string) {
    const { uid, gid } = statSync(`${project}/${name}`);
    return { uid, gid };
  }
  const caller = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };

  test.each([
    ["user1000:1", [], "1000 1000 1000 2000"],
    ["userapp:1", [], "1000 1000 1000 2000"],
    ["user:1", [], "0 0 0"],
    ["user:1", ["-u", "app:more"], "1000 2000 2000"],
    ["user:1", ["-u", "1234"], "1234 0 0"],
    ["user:1", ["-u", "500000:500000"], "500000 500000 500000"],
  ])("%s %j reads and writes a bind mount as the caller", async (image, options, ids) => {
    const script =
      "echo $(id -u) $(id -g) $(id -G); cat /p/private; echo new > /p/made && cat /p/made; rm /p/made; touch /p/left";
    const { stdout, stderr } = await start(["--rm", ...keep, ...options], image, "sh", "-c", script);
    expect(stderr).toBe("");
    expect(stdout).toBe(`${ids}\nthe caller's\nnew\n`);
    expect(ownerOf("left")).toEqual(caller);
  });

  test("without keep-id the image's user cannot write there", async () => {
    const { stderr, code } = await start(["--rm"], "user1000:1", "touch", "/p/denied");
    expect(stderr).toContain("Permission denied");
    expect(code).toBe(1);
  });

  test("keeps the image's files writable for the user", async () => {
    const script =
      "cd; cat own && echo more >> own && chmod 640 own && stat -c '%n %u %a' own . /bin/sh; touch /etc/mine";
    const { stdout, stderr } = await start(["--rm", ...keep], "userapp:1", "sh", "-c", script);
    expect(stderr).toBe("");
    expect(stdout).toBe("of the image\nown 0 640\n. 0 700\n/bin/sh 1000 777\n");
  });

  test("grants only file capabilities, and none that were dropped", async () => {
    const script =
      "grep -E 'CapEff|CapAmb' /proc/self/status; mount -t tmpfs x /p; hostname x; chroot / true";
    const { stdout, stderr } = await start(["--rm", ...keep], "userapp:1", "sh", "-c", script);
    expect(stdout).toBe("CapEff:\t000000000000001b\nCapAmb:\t000000000000001b\n");
    expect(stderr.match(/not permitted|permission denied/gi)).toHaveLength(3);
    const dropped = await start(
      ["--rm", ...keep, "--cap-drop", "ALL"],
      "userapp:1",
      "sh",
      "-c",
      "grep CapEff /proc/self/status; cat /home/app/own; touch /p/dropped",
    );
    expect(dropped.stdout).toBe("CapEff:\t0000000000000000\n");
    expect(dropped.stderr).toContain("Permission denied");
    expect(ownerOf("dropped")).toEqual(caller);
  });

  test("applies to exec and after a restart", async () => {
    const id = (await start(["-d", "--name", "box", ...keep], "userapp:1", "sleep", "1000")).stdout.trim();
    expect((await daemon.tbox(["exec", "box", "sh", "-c", "id -u; cat ~/own; touch /p/exec"])).stdout).toBe(
      "1000\nof the image\n",
    );
    expect(ownerOf("exec")).toEqual(caller);
    const root = "id -u; chown 1500 /etc/group && stat -c %u /etc/group /home/app/own; touch /p/root";
    expect((await daemon.tbox(["exec", "-u", "0", "box", "sh", "-c", root])).stdout).toBe("0\n1500\n0\n");
    expect(ownerOf("root")).not.toEqual(caller);
    const other = await daemon.tbox(["exec", "-u", "other", "box", "sh", "-c", "id -u; touch /p/other"]);
    expect(other.stdout).toBe("1500\n");
    expect(other.stderr).toContain("Permission denied");
    await daemon.tbox(["restart", "-t", "0", "box"]);
    expect((await daemon.tbox(["exec", "box", "stat", "-c", "%u", "/p/private"])).stdout).toBe("1000\n");
    const inspected = await daemon.tbox(["inspect", "-f", "{{.HostConfig.UsernsMode}}", id]);
    expect(inspected.stdout).toBe("keep-id\n");
    await daemon.tbox(["rm", "-f", "box"]);
  });

  test("is also a security option, for the docker CLI", async () => {
    const options = ["--rm", "--security-opt", "userns=keep-id"];
    expect((await start(options, "userapp:1", "stat", "-c", "%U", "/p/private")).stdout).toBe("app\n");
    const other = ["--rm", "--security-opt", "userns=keep-id:uid=1500"];
    expect((await start(other, "userapp:1", "stat", "-c", "%U", "/p/private")).stdout).toBe("other\n");
  });

  test("with uid and gid maps another user than the program's", async () => {
    const keepApp = ["--userns", "keep-id:uid=1000,gid=2000"];
    const options = ["-d", "--name", "dev", ...keepApp];
    expect((await start(options, "user:1", "sleep", "1000")).code).toBe(0);
    const script = "id -u; id -g; cat /p/private && echo $$ > /p/developed && cat ~/own";
    const developer = await daemon.tbox(["exec", "-u", "app:more", "dev", "sh", "-c", script]);
    expect(developer).toEqual({ stdout: "1000\n2000\nthe caller's\nof the image\n", stderr: "", code: 0 });
    expect(ownerOf("developed")).toEqual(caller);
    const root = "id -u; cat /p/private; echo > /etc/made && chown app /etc/made && stat -c %U /etc/made";
    expect((await daemon.tbox(["exec", "dev", "sh", "-c", root])).stdout).toBe("0\nthe caller's\napp\n");
    await daemon.tbox(["restart", "-t", "0", "dev"]);
    expect((await daemon.tbox(["exec", "dev", "stat", "-c", "%u %g", "/p/private"])).stdout).toBe(
      "1000 2000\n",
    );
    await daemon.tbox(["rm", "-f", "dev"]);
  });

  test.each([
    ["user=app", "1000 1000"],
    ["uid=1000", "1000 1000"],
    ["uid=1500", "1500 1500"],
    ["uid=1700", "1700 1700"],
    ["uid=0", "0 0"],
    ["gid=7", "0 0"],
  ])("with %s shows the caller's files as those of %s", async (ids, owner) => {
    const { stdout, stderr } = await start(
      ["--rm", "--userns", `keep-id:${ids}`],
      "user:1",
      ...["stat", "-c", "%u %g", "/p/private"],
    );
    expect(stderr).toBe("");
    expect(stdout).toBe(`${owner}\n`);
  });

  test("is the mode of a development container, for its remote user", async () => {
    const metadata = JSON.stringify([{ remoteUser: "other" }]);
    const labels = ["devcontainer.local_folder=/project", `devcontainer.metadata=${metadata}`];
    const options = ["--rm", ...labels.flatMap((label) => ["--label", label])];
    const owner = ["stat", "-c", "%U", "/p/private"];
    expect((await start(options, "userapp:1", ...owner)).stdout).toBe("other\n");
    expect((await start([...options, "--userns", "host"], "userapp:1", ...owner)).stdout).toBe("root\n");
  });

  test("accepts host and keep-id, and refuses other modes", async () => {
    expect((await start(["--rm", "--userns", "host"], "user:1", "id", "-u")).stdout).toBe("0\n");
    const { stderr, code } = await start(["--rm", "--userns", "auto"], "user:1", "true");
    expect(stderr).toContain("must be host, keep-id, keep-id:uid=N,gid=N");
    expect(code).toBe(125);
  });
});

const configured = { obstacle, configuration: { userns: "keep-id:uid=1000" } };

daemonSuite("the configuration userns", configured, (daemon) => {
  let project: TemporaryDirectory;
  beforeAll(async () => {
    project = temporaryDirectory("workspace");
    writeFileSync(`${project.path}/file`, "");
    await loadShell(daemon, "dev:1", {}, files);
  });
  afterAll(() => project?.[Symbol.dispose]());

  const ownerIn = (...options: string[]) =>
    daemon.printed(
      ...["run", "--rm", "--network", "none", "-v", `${project.path}:/p`, ...options],
      ...["dev:1", "stat", "-c", "%U", "/p/file"],
    );

  test("is the default of containers, and a container can replace it", async () => {
    expect(await ownerIn()).toBe("app");
    expect(await ownerIn("--userns", "host")).toBe("root");
    expect(await ownerIn("--userns", "keep-id:uid=1500")).toBe("other");
  });

  test("does not change the owners of files that a build makes", async () => {
    const { stdout: image } = await build(daemon, "FROM dev:1\nRUN touch /made\n");
    const options = ["run", "--rm", "--network", "none", "--userns", "host", image];
    expect(await daemon.printed(...options, "stat", "-c", "%U", "/made")).toBe("root");
  });
});
