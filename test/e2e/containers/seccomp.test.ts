import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** A profile that fails the creation of directories with ENOSPC, except for root of a container with SYS_ADMIN. */
const profile = JSON.stringify({
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [
    {
      names: ["mkdir", "mkdirat", "of_the_future"],
      action: "SCMP_ACT_ERRNO",
      errno: "ENOSPC",
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    },
  ],
});

daemonSuite("a seccomp profile", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const run = (options: string[], script: string) =>
    daemon.tbox(["run", "--rm", "--network", "none", ...options, "box:1", "sh", "-c", script]);
  const withProfile = async (text: string, ...options: string[]) => {
    using place = temporaryDirectory("seccomp");
    writeFileSync(`${place.path}/p.json`, text);
    return await run(
      ["--security-opt", `seccomp=${place.path}/p.json`, ...options],
      "mkdir /tmp/d && echo made",
    );
  };

  test("of a file applies to the container's calls", async () => {
    const refused = await withProfile(profile);
    expect(refused.stderr).toContain("No space left on device");
    expect(refused.code).toBe(1);
    const capable = await withProfile(profile, "--cap-add", "SYS_ADMIN");
    expect(capable).toMatchObject({ code: 0, stdout: "made\n" });
  });

  test("applies with and without no-new-privileges, and to other users", async () => {
    for (const options of [["--security-opt", "no-new-privileges"], ["--user", "1000"], ["--privileged"]]) {
      const { code, stderr, stdout } = await withProfile(profile, ...options, "--cap-drop", "SYS_ADMIN");
      expect([options, code, stdout, stderr]).toEqual([options, 1, "", expect.stringContaining("No space")]);
    }
  });

  test("applies to programs that exec starts, and inspect shows it", async () => {
    const created = await daemon.request("POST", "/containers/create?name=filtered", {
      Image: "box:1",
      Cmd: ["sleep", "600"],
      HostConfig: { SecurityOpt: [`seccomp=${profile}`], NetworkMode: "none" },
    });
    expect(created.status).toBe(201);
    await daemon.printed("start", "filtered");
    const exec = await daemon.tbox(["exec", "filtered", "mkdir", "/tmp/d"]);
    expect(exec.stderr).toContain("No space left on device");
    const privileged = await daemon.tbox(["exec", "--privileged", "filtered", "mkdir", "/tmp/e"]);
    expect(privileged.code).toBe(0);
    const shown = await daemon.printed("inspect", "-f", "{{json .HostConfig.SecurityOpt}}", "filtered");
    expect(JSON.parse(shown)).toEqual([`seccomp=${profile}`]);
    await daemon.printed("rm", "-f", "filtered");
  });

  test("with an error is refused with the field's name, and no container is created", async () => {
    const faulty = JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir"], action: "ERRNO" }],
    });
    const refused = await withProfile(faulty);
    expect(refused.stderr).toContain('seccomp profile: syscalls[0].action: unknown action "ERRNO"');
    expect(refused.code).toBe(125);
    expect((await withProfile('{"defaultAction":7}')).stderr).toContain("at line 1 column 18");
    expect((await daemon.tbox(["ps", "-aq"])).stdout).toBe("");
  });

  test("is the default profile unless another one is chosen", async () => {
    const mode = "grep Seccomp: /proc/self/status";
    expect((await run([], mode)).stdout).toBe("Seccomp:\t2\n");
    expect((await run(["--security-opt", "seccomp=builtin"], mode)).stdout).toBe("Seccomp:\t2\n");
    expect((await run(["--security-opt", "seccomp=unconfined"], mode)).stdout).toBe("Seccomp:\t0\n");
  });
});
