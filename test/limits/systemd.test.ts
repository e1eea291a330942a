import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { shellUnavailable } from "#test/e2e/support/images.ts";
import { buildImage, busyboxLayer, ociArchive } from "#test/support/images.ts";
import { isRunning } from "#test/support/processes.ts";
import { type ProgramOptions, runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { until } from "#test/support/until.ts";
import { changeLinger } from "./support/linger.ts";

// The user's real systemd must not be changed, so these tests run only in a guest, which sets this variable.
const skipped = process.env.TBOX_TEST_SYSTEMD === "1" ? shellUnavailable : "no systemd for tests";
if (skipped !== undefined) console.error(`skipped: ${skipped}`);

const mebibyte = 1024 * 1024;

describe.skipIf(skipped !== undefined)("tbox under a user's systemd", () => {
  const runtime = process.env.XDG_RUNTIME_DIR ?? "";
  const socket = `${runtime}/tbox/tbox.sock`;
  const names = ["HOME", "PATH", "USER", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"];
  const environment = Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""]));
  const tbox = (args: string[], options: ProgramOptions = {}) =>
    runProgram([`${repository}/dist/tbox`, ...args], { environment, ...options });
  const systemctl = async (...words: string[]) =>
    (await runProgram(["systemctl", "--user", ...words], { environment })).stdout.trim();
  const state = () => systemctl("show", "--property=ActiveState", "--value", "tbox.service");
  const ping = async () => (await fetch("http://docker/_ping", { unix: socket })).text();
  const cgroupOf = async (name: string) => {
    const { stdout } = await tbox(["inspect", "-f", "{{.State.Pid}}", name]);
    return /^0::(.*)$/m.exec(readFileSync(`/proc/${stdout.trim()}/cgroup`, "utf8"))?.[1] ?? "";
  };

  beforeAll(async () => {
    const { code, stderr } = await tbox(["setup", "systemd"]);
    if (code !== 0) throw new Error(stderr);
    const image = ociArchive(
      buildImage({ layers: [busyboxLayer()], config: { Env: ["PATH=/bin"] } }),
      "box:1",
    );
    const loaded = await tbox(["load"], { stdin: image });
    if (loaded.code !== 0) throw new Error(loaded.stderr);
  });
  test("a connection starts the daemon, and systemd keeps listening after it stops", async () => {
    expect((await tbox(["daemon", "stop"])).code).toBe(0);
    await until(async () => (await state()) === "inactive");
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await ping()).toBe("OK");
    expect(await state()).toBe("active");
    expect((await tbox(["daemon", "stop"])).code).toBe(0);
    expect(await ping()).toBe("OK");
  });

  test("limits are enforced in a scope with all controllers of the user", async () => {
    const limits = ["-m", "64m", "--memory-swap", "64m", "--cpus", "0.5", "--pids-limit", "20"];
    const run = ["run", "-d", "--network", "none", "--name", "limited", ...limits, "box:1", "sleep", "1000"];
    const { code, stderr } = await tbox(run);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const cgroup = await cgroupOf("limited");
    expect(cgroup).toMatch(/\/user@\d+\.service\/.*\.scope\/tbox-[0-9a-f]+-(next-)?[0-9a-f]+$/);
    const read = (file: string) => readFileSync(`/sys/fs/cgroup${cgroup}/${file}`, "utf8").trim();
    expect(read("memory.max")).toBe(String(64 * mebibyte));
    expect(read("cpu.max")).toBe("50000 100000");
    expect(read("pids.max")).toBe("20");
    const { stdout } = await tbox(["info", "-f", "{{json .Tbox.CgroupControllers}}"]);
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining(["cpu", "io", "memory", "pids"]));
  });

  test("containers continue when the daemon is restarted or killed", async () => {
    const running = async () => (await tbox(["ps", "--format", "{{.Names}}"])).stdout;
    await systemctl("restart", "tbox.service");
    expect(await running()).toBe("limited\n");
    const main = () => systemctl("show", "--property=MainPID", "--value", "tbox.service");
    const before = await main();
    process.kill(Number(before), "SIGKILL");
    await until(async () => !["0", before].includes(await main()));
    expect(await running()).toBe("limited\n");
  });

  test("containers end with the last session of a user without lingering, and restart with the next one", async () => {
    const pid = Number((await tbox(["inspect", "-f", "{{.State.Pid}}", "limited"])).stdout);
    const always = ["--restart", "always", "--network", "none"];
    expect((await tbox(["run", "-d", "--name", "always", ...always, "box:1", "sleep", "1000"])).code).toBe(0);
    await changeLinger("disable");
    expect(isRunning(pid)).toBe(false);
    // logind removes the run directory after it has ended the user's processes.
    await until(() => !existsSync(`${runtime}/tbox`));
    await changeLinger("enable");
    await until(() => existsSync(socket));
    const states = async () =>
      (await tbox(["ps", "-a", "--format", "{{.Names}} {{.State}}"])).stdout.trim().split("\n").sort();
    await until(async () => (await states()).includes("always running"));
    expect(await states()).toEqual(["always running", "limited exited"]);
    expect((await tbox(["start", "limited"])).code).toBe(0);
    expect((await tbox(["exec", "limited", "true"])).code).toBe(0);
    expect((await tbox(["rm", "-f", "always"])).code).toBe(0);
  });

  test("setup systemd --remove deletes the units, and containers continue", async () => {
    const units = `${environment.HOME}/.config/systemd/user`;
    expect(existsSync(`${units}/tbox.socket`)).toBe(true);
    const { code, stderr } = await tbox(["setup", "systemd", "--remove"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(existsSync(`${units}/tbox.socket`)).toBe(false);
    expect(existsSync(`${units}/tbox.service`)).toBe(false);
    expect(await systemctl("show", "--property=LoadState", "--value", "tbox.socket")).toBe("not-found");
    expect((await tbox(["ps", "--format", "{{.Names}}"])).stdout).toBe("limited\n");
  });
});
