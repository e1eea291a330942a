import { expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { type DaemonSuiteOptions, daemonSuite } from "#test/support/daemon-suite.ts";
import { hasRanges } from "#test/support/user.ts";
import { build } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const obstacle = shellUnavailable ?? (hasRanges ? undefined : "the user has no subordinate ids");

/** Value of `security.capability` for `cap_net_raw=ep`: version 2, effective, capability 13. */
const netRaw = `\x01\0\0\x02\0\x20${"\0".repeat(14)}`;
const pax = { "SCHILY.xattr.security.capability": netRaw };

function prepare(users: string[]): NonNullable<DaemonSuiteOptions["prepare"]> {
  return async (daemon) => {
    const busybox = readFileSync("/bin/busybox");
    const files = [
      // Root has no password, so su asks for none.
      { path: "etc/passwd", content: "root::0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n" },
      { path: "set/su", content: busybox, mode: 0o4755 },
      { path: "usr/bin/su", content: busybox, mode: 0o4755 },
      { path: "etc/sudoers", content: "root ALL=(ALL) ALL", mode: 0o440 },
      { path: "etc/sudoers.d/app", content: "app ALL=(ALL) NOPASSWD:ALL", mode: 0o440 },
      { path: "file/grep", content: busybox, mode: 0o755, pax },
    ];
    for (const user of users) await loadShell(daemon, `box${user}:1`, { User: user }, files);
  };
}

const capabilities = ["/file/grep", "-E", "Cap(Eff|Prm)", "/proc/self/status"];
const granted = "CapPrm:\t0000000000002000\nCapEff:\t0000000000002000\n";
const none = "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n";
const becomeRoot = ["/set/su", "-c", "id -u; id -ru; grep CapEff /proc/self/status"];
const root = "0\n0\nCapEff:\t00000000a80425fb\n";
const strict = ["--security-opt", "no-new-privileges"];
const keep = ["--userns", "keep-id"];

const options = { obstacle, prepare: prepare(["", "app"]) };

daemonSuite("a program with the set-user-ID bit or file capabilities", options, (daemon) => {
  const run = (options: string[], ...command: string[]) =>
    daemon.tbox(["run", "--rm", "--network", "none", ...options, "boxapp:1", ...command]);

  test("gets the rights of its owner, as in Docker", async () => {
    expect(await run([], ...becomeRoot)).toEqual({ stdout: root, stderr: "", code: 0 });
    expect((await run([], ...capabilities)).stdout).toBe(granted);
  });

  test("gets no more than the container's capabilities", async () => {
    const dropped = await run(["--cap-drop", "CHOWN"], ...becomeRoot);
    expect(dropped.stdout).toBe("0\n0\nCapEff:\t00000000a80425fa\n");
    // The kernel executes no program that cannot have all its capabilities.
    const refused = await run(["--cap-drop", "NET_RAW"], ...capabilities);
    expect(refused.stderr).toMatch(/"\/file\/grep": operation not permitted/i);
    expect(refused.code).toBe(125);
  });

  test("keeps the rights of its caller with no-new-privileges", async () => {
    expect((await run(strict, ...becomeRoot)).code).not.toBe(0);
    expect((await run(strict, ...capabilities)).stdout).toBe(none);
    const status = await run(strict, "grep", "NoNewPrivs", "/proc/self/status");
    expect(status.stdout).toBe("NoNewPrivs:\t1\n");
  });

  test("has the container's seccomp filter", async () => {
    const script = "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status; unshare -U true";
    const { stdout, stderr } = await run([], "/set/su", "-c", script);
    expect(stdout).toBe("NoNewPrivs:\t0\nSeccomp:\t2\n");
    expect(stderr).toContain("Operation not permitted");
  });

  test("works in exec, in a volume and in a privileged container", async () => {
    const id = (
      await daemon.tbox(["run", "-d", "--network", "none", "box:1", "sleep", "1000"])
    ).stdout.trim();
    const exec = (...command: string[]) => daemon.tbox(["exec", "-u", "app", id, ...command]);
    expect((await exec(...becomeRoot)).stdout).toBe(root);
    expect((await exec(...capabilities)).stdout).toBe(granted);
    await daemon.tbox(["rm", "-f", id]);
    expect((await run(["-v", "set-user-id:/set"], ...becomeRoot)).stdout).toBe(root);
    expect((await run(["--privileged"], ...becomeRoot)).stdout).toMatch(/^0\n0\n/);
  });

  test("works in a build", async () => {
    const { stdout: image } = await build(
      daemon,
      `FROM boxapp:1\nRUN /set/su -c 'id -u > /made'; ${capabilities.join(" ")} >> /tmp/made\n`.replaceAll(
        "(Eff|Prm)",
        "Eff",
      ),
    );
    const made = await daemon.tbox(["run", "--rm", "--network", "none", image, "cat", "/made", "/tmp/made"]);
    expect(made.stdout).toBe("0\nCapEff:\t0000000000002000\n");
  });

  test("with keep-id keeps file capabilities", async () => {
    expect((await run(keep, ...capabilities)).stdout).toBe(granted);
    expect((await run(["-u", "1234", "--userns", "keep-id:uid=1000"], ...capabilities)).stdout).toBe(granted);
    expect((await run([...keep, ...strict], ...capabilities)).stdout).toMatch(/0000000000000000\n$/);
  });

  test("becomes root with keep-id, if it is in a directory of programs", async () => {
    const su = ["/usr/bin/su", ...becomeRoot.slice(1)];
    expect(await run(keep, ...su)).toEqual({ stdout: root, stderr: "", code: 0 });
    expect(await run([...keep, "--read-only"], ...su)).toEqual({ stdout: root, stderr: "", code: 0 });
    expect((await run([...keep, ...strict], ...su)).code).not.toBe(0);
    const elsewhere = await run(keep, ...becomeRoot);
    expect(elsewhere.stderr).toContain("must be suid");
  });

  test("has the owner and mode that sudo requires with keep-id, also after a restart", async () => {
    const name = "keeps-sudo";
    const paths = ["/usr/bin/su", "/etc/sudoers", "/etc/sudoers.d", "/etc/sudoers.d/app"];
    await daemon.printed(
      "run",
      "-d",
      "--name",
      name,
      ...keep,
      "--network",
      "none",
      "boxapp:1",
      "sleep",
      "1000",
    );
    const stat = () => daemon.printed("exec", name, "stat", "-c", "%u:%g %a", ...paths);
    const owners = "0:0 4755\n0:0 440\n0:0 755\n0:0 440";
    expect((await stat()).trim()).toBe(owners);
    await daemon.printed("exec", "-u", "0", name, "chown", "app", "/etc/sudoers.d/app");
    await daemon.printed("restart", "-t", "0", name);
    expect((await stat()).trim()).toBe(owners.replace(/0:0 440$/, "1000:0 440"));
    await daemon.printed("rm", "-f", name);
  });

  test("of a bind mount keeps its owner with keep-id", async () => {
    const host = `${daemon.data}/../programs`;
    mkdirSync(host);
    copyFileSync("/bin/busybox", `${host}/su`);
    chmodSync(`${host}/su`, 0o4755);
    const { stdout } = await run([...keep, "-v", `${host}:/usr/bin`], "stat", "-c", "%u %a", "/usr/bin/su");
    expect(stdout).toBe("1000 4755\n");
    expect(statSync(`${host}/su`).uid).toBe(process.getuid?.() ?? -1);
  });
});

const configured = {
  obstacle,
  prepare: prepare(["app"]),
  configuration: { "no-new-privileges": true },
};

daemonSuite("the configuration no-new-privileges", configured, (daemon) => {
  const run = (...options: string[]) =>
    daemon.tbox(["run", "--rm", "--network", "none", ...options, "boxapp:1", ...capabilities]);

  test("is the default of containers, and a container can replace it", async () => {
    expect((await run()).stdout).toBe(none);
    expect((await run("--security-opt", "no-new-privileges=false")).stdout).toBe(granted);
    const info = await daemon.tbox(["info", "-f", "{{json .SecurityOptions}}"]);
    expect(JSON.parse(info.stdout)).toContain("name=no-new-privileges");
  });

  test("is kept with the container and shown", async () => {
    const created = await daemon.tbox(["create", "--name", "kept", "boxapp:1", "true"]);
    expect(created.code).toBe(0);
    const shown = await daemon.tbox(["inspect", "-f", "{{json .HostConfig.SecurityOpt}}", "kept"]);
    expect(shown.stdout).toBe('["no-new-privileges"]\n');
  });
});
