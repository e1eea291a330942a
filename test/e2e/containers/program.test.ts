import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { repository } from "#test/support/repository.ts";
import { loadImage, loadShell, shellUnavailable } from "../support/images.ts";

const foreign = process.arch === "arm64" ? "amd64" : "arm64";
const host = `linux/${foreign === "arm64" ? "amd64" : "arm64"}`;
/** A header of an ELF file for a processor of another kind (EM_X86_64, EM_AARCH64). */
const machine = foreign === "arm64" ? 183 : 62;
const elf = Buffer.alloc(128);
elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
elf.set([2, 0, machine, 0, 1], 16);
const foreignProgram = { path: "foreign", content: elf, mode: 0o755 };

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [
    { path: "app", type: "directory" },
    { path: "plain", content: "#!/bin/sh\n", mode: 0o644 },
    foreignProgram,
  ]);
  await loadImage(daemon, "foreign:1", { layers: [[foreignProgram]], architecture: foreign });
}

daemonSuite("a program in a container", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const tbox = (...args: string[]) => daemon.tbox(args);
  const run = (options: string[], ...command: string[]) =>
    daemon.tbox(["run", "--rm", "--network", "none", ...options, "box:1", ...command]);
  const sh = async (script: string, ...options: string[]) => run(options, "sh", "-c", script);

  test.each([
    ["a path that does not exist", ["/nope"], 127, "no such file or directory"],
    ["a name that is nowhere", ["nopath"], 127, "executable file not found in $PATH"],
    ["a directory", ["/app"], 126, "permission denied"],
    ["a file that is not executable", ["/plain"], 126, "permission denied"],
  ])("%s has its exit code, and no container remains", async (_, command, code, text) => {
    const outcome = await run([], ...command);
    expect(outcome.stderr).toContain(text);
    expect(outcome.code).toBe(code);
    expect((await tbox("ps", "-aq")).stdout).toBe("");
  });

  test("an image of another platform is announced, and its program's error names both platforms", async () => {
    const words = ["run", "--rm", "--network", "none", "foreign:1", "/foreign"];
    const { stderr, code } = await tbox(...words);
    expect(code).toBe(126);
    expect(stderr).toContain(`The requested image's platform (linux/${foreign}) does not match`);
    expect(stderr).toContain(`exec format error: the image is for linux/${foreign}, this host is ${host}`);
    const asked = await tbox("run", "--platform", `linux/${foreign}`, ...words.slice(1));
    expect(asked.stderr).not.toContain("WARNING");
    expect(asked.code).toBe(126);
  });

  test("a program of another architecture in an image of this platform is named as such", async () => {
    const reason = `exec format error: the file is neither a program for ${host} nor a script with #!`;
    expect((await run([], "/foreign")).stderr).toContain(reason);
    await tbox("run", "-d", "--name", "lasting", "--network", "none", "box:1", "sleep", "1000");
    const { stdout, stderr, code } = await tbox("exec", "lasting", "/foreign");
    expect(stdout + stderr).toContain(reason);
    expect(code).toBe(126);
    await tbox("rm", "-f", "lasting");
  });

  test("exit codes are passed on, modulo 256", async () => {
    expect((await sh("exit 300")).code).toBe(44);
  });

  test("errors of tbox itself exit with 125", async () => {
    expect((await run(["--no-such-flag"], "true")).code).toBe(125);
    const missing = await tbox("run", "--rm", "--pull", "never", "nosuch:1", "true");
    expect(missing.code).toBe(125);
    expect(missing.stderr).toContain("No such image: nosuch:1");
  });

  test("a killed container exits with 137", async () => {
    const id = (await tbox("run", "-d", "--network", "none", "box:1", "sleep", "1000")).stdout.trim();
    await tbox("kill", id);
    expect((await tbox("wait", id)).stdout).toBe("137\n");
    expect((await tbox("rm", id)).code).toBe(0);
  });

  test("both output streams arrive separately and unchanged, even with a slow reader", async () => {
    const script =
      "head -c 20000000 /dev/urandom > /tmp/o; head -c 1000000 /dev/urandom > /tmp/e; " +
      "sha256sum < /tmp/o | cut -c1-64; sha256sum < /tmp/e | cut -c1-64; cat /tmp/o; cat /tmp/e >&2; printf x";
    const command = ["run", "--rm", "--network", "none", "--log-driver", "none", "box:1", "sh", "-c", script];
    const child = Bun.spawn([`${repository}/dist/tbox`, ...command], {
      env: daemon.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    // Nothing is read for a moment, so all buffers fill up.
    await Bun.sleep(1000);
    const [stdout, stderr] = await Promise.all([child.stdout.bytes(), child.stderr.bytes()]);
    const [first, second] = new TextDecoder().decode(stdout.subarray(0, 129)).split("\n");
    const sha = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    expect(sha(stdout.subarray(130, -1))).toBe(first ?? "");
    expect(stdout.at(-1)).toBe("x".charCodeAt(0));
    expect(sha(stderr)).toBe(second ?? "");
    expect(await child.exited).toBe(0);
  });

  test("a half-closed connection keeps its other direction", async () => {
    const count = "n=$(wc -c); sleep 0.3; echo $n";
    const outcome = await daemon.tbox(
      ["run", "--rm", "-i", "--network", "none", "box:1", "sh", "-c", count],
      {
        stdin: new Uint8Array(1_000_000),
      },
    );
    expect(outcome).toEqual({ stdout: "1000000\n", stderr: "", code: 0 });
  });

  test("without -t, output has no carriage returns", async () => {
    expect((await sh("test -t 0 || echo none")).stdout).toBe("none\n");
  });

  test("/dev has the usual devices, and --shm-size is applied", async () => {
    const { stdout } = await sh(
      "ls /dev; stat -c %a /dev/shm; df -m /dev/shm | tail -1 | awk '{print $2}'; echo x > /dev/null; " +
        "head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; echo y > /dev/full || echo full",
    );
    const lines = stdout.split("\n");
    const expected = "console? fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero";
    for (const name of expected.split(" ").filter((one) => !one.endsWith("?"))) expect(lines).toContain(name);
    expect(stdout).toEndWith("1777\n64\n4\n4\nfull\n");
    const small = await sh(
      "head -c 9000000 /dev/zero > /dev/shm/x || echo no; wc -c < /dev/shm/x",
      "--shm-size",
      "8m",
    );
    expect(small.stdout).toBe("no\n8388608\n");
  });

  test("--ulimit is applied, up to the user's own limits", async () => {
    const limits = await sh(
      "ulimit -n; ulimit -Hn; ulimit -c",
      "--ulimit",
      "nofile=512:1024",
      "--ulimit",
      "core=0",
    );
    expect(limits.stdout).toBe("512\n1024\n0\n");
    const own = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    const above = String(Number(own) + 1);
    const refused = await sh("true", "--ulimit", `nofile=${above}:${above}`);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(above);
    expect(refused.stderr).toContain(own ?? "unknown");
    expect((await tbox("ps", "-aq")).stdout).toBe("");
  });

  test.each([
    ["/not/there/yet", 0, "/not/there/yet\n"],
    ["/proc/self/fd/0", 125, ""],
    ["/proc/self/fd/7", 125, ""],
    ["/etc/passwd", 125, ""],
    ["rel", 125, ""],
  ])("working directory %s", async (directory, code, stdout) => {
    const outcome = await sh("pwd", "-w", directory);
    expect({ code: outcome.code, stdout: outcome.stdout }).toEqual({ code, stdout });
    if (code !== 0) expect(outcome.stderr).toContain(directory);
  });

  test("a container sees no files and descriptors of the host", async () => {
    const { stdout } = await sh(
      "ls /proc/self/fd | sort -n | head -n 4 | tr '\\n' ' '; ls ../../.. | tr '\\n' ' '",
    );
    // The fourth descriptor is the directory that ls reads.
    expect(stdout).toStartWith("0 1 2 3 app bin ");
    expect(stdout).not.toContain("lost+found");
  });
});
