import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { builtOutput } from "../e2e/support/build.ts";
import { loadBox, shellUnavailable } from "../e2e/support/images.ts";

/** Release of the kernel whose system calls are available: this machine's, or the older one that `older_kernel` imitates. */
const kernel = process.env.TBOX_OLDER_KERNEL ?? release();

/** Tests whether the kernel has at least this release. */
function has(major: number, minor: number): boolean {
  const [first = 0, second = 0] = kernel.split(".").map(Number);
  return first > major || (first === major && second >= minor);
}

daemonSuite(`kernel ${kernel}`, { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const run = (...args: string[]) => daemon.printed("run", "--rm", "--network", "none", ...args);

  test("run passes input, output, errors and the exit status", async () => {
    const script = "cat; echo err >&2; exit 7";
    const args = ["run", "--rm", "-i", "--network", "none", "box:1", "sh", "-c", script];
    const { code, stdout, stderr } = await daemon.tbox(args, { stdin: "in" });
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "in", stderr: "err\n" });
  });

  test("containers write files, which stay until they are removed", async () => {
    const change = "mkdir /d && echo new > /d/f && rm /bin/ls && cat /d/f";
    await daemon.printed("run", "--name", "writer", "--network", "none", "box:1", "sh", "-c", change);
    expect(await daemon.printed("diff", "writer")).toContain("D /bin/ls");
    using place = temporaryDirectory("copied");
    await daemon.printed("cp", "writer:/d/f", `${place.path}/f`);
    expect(readFileSync(`${place.path}/f`, "utf8")).toBe("new\n");
    await daemon.printed("rm", "writer");
  });

  test("volumes, memory file systems and read-only roots are mounted", async () => {
    const mounts = ["--read-only", "-v", "kept:/v", "--tmpfs", "/t"];
    const script = "echo v > /v/f; echo t > /t/f; echo r > /f; cat /v/f /t/f";
    const { stdout, stderr } = await daemon.tbox(["run", "--rm", ...mounts, "box:1", "sh", "-c", script]);
    expect(stdout).toBe("v\nt\n");
    expect(stderr).toContain("Read-only file system");
    expect(await run("-v", "kept:/v:ro", "box:1", "cat", "/v/f")).toBe("v");
  });

  test("exec, logs, stop and restart work", async () => {
    const script = "echo up; trap 'exit 3' TERM; sleep 1000 & wait";
    await daemon.printed("run", "-d", "--name", "service", "--network", "none", "box:1", "sh", "-c", script);
    await until(async () => (await daemon.printed("logs", "service")) === "up");
    expect(await daemon.printed("exec", "service", "cat", "/proc/1/comm")).toBe("sh");
    await daemon.printed("stop", "service");
    expect(await daemon.printed("inspect", "-f", "{{.State.ExitCode}}", "service")).toBe("3");
    await daemon.printed("start", "service");
    await until(async () => (await daemon.printed("logs", "service")) === "up\nup");
    await daemon.printed("rm", "-f", "service");
  });

  test("containers outlive the daemon", async () => {
    await daemon.printed("run", "-d", "--name", "kept", "--network", "none", "box:1", "sleep", "1000");
    await daemon.kill();
    await daemon.start();
    expect(await daemon.printed("exec", "kept", "echo", "alive")).toBe("alive");
    await daemon.printed("rm", "-f", "kept");
  });

  test("builds run commands and copy files", async () => {
    const lines = "FROM box:1\nCOPY f /f\nRUN cat /f /f > /g && chmod 600 /g\n";
    expect(await builtOutput(daemon, "cat /g", lines, { f: "x\n" })).toBe("x\nx\n");
  });

  test("ports are published and names resolved", async () => {
    const port = await freePorts();
    await daemon.printed("network", "create", "net");
    const serve = "mkdir /w; echo page > /w/f; exec httpd -f -p 80 -h /w";
    const options = ["-d", "--name", "web", "--network", "net", "-p", `127.0.0.1:${port}:80`];
    const { code, stderr } = await daemon.tbox(["run", ...options, "box:1", "sh", "-c", serve]);
    // The kernel of Debian's package user-mode-linux has no bridges.
    if (stderr.includes("the kernel does not support it")) return;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await until(async () => (await textOf(`http://127.0.0.1:${port}/f`)) === "page\n");
    const inside = ["run", "--rm", "--network", "net", "box:1", "wget", "-q", "-O", "-", "http://web/f"];
    expect(await daemon.printed(...inside)).toBe("page");
    await daemon.printed("rm", "-f", "web");
    await daemon.printed("network", "rm", "net");
  });

  test.skipIf(has(6, 7))("without overlays as detached mounts, sandboxes are not prepared", async () => {
    for (let start = 0; start < 3; start++) {
      await daemon.printed("run", "--name", `start${start}`, "--network", "none", "box:1", "true");
    }
    const phases = await daemon.printed("inspect", "-f", "{{json .Tbox.Phases}}", "start2");
    expect(phases).toContain('"cloned"');
  });
});

/** Returns the text behind an address; undefined while nothing listens. */
async function textOf(address: string): Promise<string | undefined> {
  try {
    return await (await fetch(address)).text();
  } catch {
    return undefined;
  }
}

test("every feature in the table of kernels names a test or page that exists", () => {
  const rows = readFileSync(`${repository}/docs/kernels.md`, "utf8").matchAll(
    /^\| .+ \| (\d+\.\d+) \| .+ \| `(.+)` \|$/gm,
  );
  const found = [...rows].map(([, since = "", by = ""]) => ({ since, by }));
  expect(found.length).toBeGreaterThan(5);
  for (const { since, by } of found) {
    expect(Bun.semver.order(`${since}.0`, "5.12.0")).toBe(1);
    expect(existsSync(`${repository}/${by}`)).toBe(true);
  }
});
