import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { runProgram } from "#test/support/program.ts";
import { repository } from "#test/support/repository.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const secret = "s3cret-of-nobody";
const program = `${repository}/dist/tbox`;

/** Unpacks a report and returns its files by path. */
function unpack(archive: string, directory: string): Map<string, string> {
  mkdirSync(directory);
  const { exitCode, stderr } = Bun.spawnSync(["tar", "-xzf", archive, "-C", directory]);
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const files = paths.filter((path) => statSync(`${directory}/${path}`).isFile());
  return new Map(files.map((path) => [path, readFileSync(`${directory}/${path}`, "utf8")]));
}

daemonSuite(
  "system debug",
  { obstacle: shellUnavailable, prepare: (daemon) => loadShell(daemon, "box:1") },
  (daemon) => {
    test("describes the daemon and contains no secrets", async () => {
      const given = ["--env", `KEY=${secret}`, "--label", `owner=${secret}`, "--log-opt", `tag=${secret}`];
      const health = ["--health-cmd", `echo ${secret}`];
      await daemon.printed("run", "-d", "--name", "reported", ...given, ...health, "box:1", "sleep", "1000");
      await daemon.printed("exec", "reported", "echo", secret);
      await daemon.printed("volume", "create", "--label", `owner=${secret}`, "data");
      writeFileSync(`${daemon.data}/daemon.log`, `start\npull https://me:${secret}@registry.example/v2/\n`);
      using directory = temporaryDirectory("report");
      const archive = `${directory.path}/report.tar.gz`;
      const environment = { ...daemon.environment, HTTPS_PROXY: `http://me:${secret}@proxy.example` };
      const { code, stdout, stderr } = await daemon.tbox(["system", "debug", "-o", archive], { environment });
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${archive}\n`, stderr: "" });
      expect(statSync(archive).mode & 0o777).toBe(0o600);
      const files = unpack(archive, `${directory.path}/unpacked`);
      expect([...files.keys()].filter((path) => path.endsWith(".error.txt"))).toEqual([]);
      expect([...files].filter(([, content]) => content.includes(secret))).toEqual([]);
      expect(files.get("daemon/containers.json")).toContain('"KEY=***"');
      expect(files.get("daemon/containers.json")).toContain('"Name": "/reported"');
      expect(files.get("daemon/daemon.log")).toBe("start\npull https://***@registry.example/v2/\n");
      expect(files.get("daemon/events.jsonl")).toContain('"Action":"exec_create: ***"');
      expect(files.get("daemon/metrics.txt")).toContain("tbox_containers");
      expect(files.get("host/environment.txt")).toContain("HTTPS_PROXY=http://***@proxy.example\n");
      await daemon.printed("rm", "-f", "reported");
    });

    test("writes to a pipe on request", async () => {
      using directory = temporaryDirectory("report");
      const archive = `${directory.path}/report.tar.gz`;
      const command = ["sh", "-c", `"$0" system debug -o - >"$1"`, program, archive];
      const { code, stderr } = await runProgram(command, { environment: daemon.environment });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(unpack(archive, `${directory.path}/unpacked`).has("daemon/info.json")).toBe(true);
    });
  },
);

describe("system debug without a daemon", () => {
  test("reports why the daemon does not start", async () => {
    using home = temporaryDirectory("home");
    mkdirSync(`${home.path}/.config/tbox`, { recursive: true });
    writeFileSync(`${home.path}/.config/tbox/config.json`, "{ no JSON");
    const environment = {
      HOME: home.path,
      PATH: process.env.PATH ?? "",
      TBOX_DATA_DIR: `${home.path}/data`,
      TBOX_RUN_DIR: `${home.path}/run`,
    };
    const archive = `${home.path}/report.tar.gz`;
    const { code } = await runProgram([program, "system", "debug", "-o", archive], { environment });
    expect(code).toBe(0);
    const files = unpack(archive, `${home.path}/unpacked`);
    expect(files.get("daemon/version.json.error.txt")).toContain("config.json is not JSON");
    expect(files.has("daemon/info.json")).toBe(false);
    expect(files.get("client.json")).toContain('"Version"');
  });
});
