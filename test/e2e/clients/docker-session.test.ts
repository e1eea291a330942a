import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { dockerUnavailable, docker as runDocker } from "#test/support/docker.ts";
import { buildImage, busyboxLayer, ociArchive } from "#test/support/images.ts";
import { type TemporaryDirectory, temporaryDirectory } from "#test/support/temp.ts";
import { shellUnavailable } from "../support/images.ts";

const obstacle = dockerUnavailable ?? shellUnavailable;
/** A docker command with the output and exit code that Docker documents. */
interface Step {
  args: string[];
  out?: string | RegExp;
  err?: string | RegExp;
  code?: number;
  stdin?: string | Uint8Array;
  /** Whether the result depends on a program that runs in the background: the command is repeated until it fits. */
  eventually?: true;
}

/** Attempts of a step whose result comes eventually. */
const patience = 100;

const id = /^[0-9a-f]{64}\n$/;
const run = ["run", "--network", "none"];

/** The commands in order; each may depend on the ones before. */
function session(directory: string, archive: Uint8Array): Step[] {
  return [
    // images
    { args: ["load"], stdin: archive, out: "Loaded image: box:1\n" },
    { args: ["images", "--format", "{{.Repository}}:{{.Tag}}"], out: "box:1\n" },
    { args: ["image", "inspect", "-f", "{{.Os}} {{json .Config.Cmd}}", "box:1"], out: 'linux ["sh"]\n' },
    { args: ["tag", "box:1", "other/box:2"], out: "" },
    { args: ["images", "-q", "--filter", "reference=other/*"], out: /^[0-9a-f]{12}\n$/ },
    { args: ["history", "--format", "{{.CreatedBy}}", "box:1"], out: "test\n" },
    { args: ["rmi", "other/box:2"], out: "Untagged: other/box:2\n" },
    { args: ["rmi", "nosuch"], err: /No such image: nosuch/, code: 1 },
    // programs
    { args: [...run, "--rm", "box:1", "echo", "hello"], out: "hello\n" },
    { args: [...run, "--rm", "box:1", "sh", "-c", "echo oops >&2; exit 3"], out: "", err: "oops\n", code: 3 },
    { args: [...run, "--rm", "-i", "box:1", "wc", "-c"], stdin: "12345", out: "5\n" },
    { args: [...run, "--rm", "box:1", "nosuch"], err: /executable file not found/, code: 127 },
    { args: [...run, "--rm", "box:1", "/etc"], err: /permission denied/i, code: 126 },
    {
      args: [
        ...run,
        "--rm",
        "-e",
        "A=1",
        "-w",
        "/tmp",
        "-u",
        "0",
        "box:1",
        "sh",
        "-c",
        "echo $A; pwd; id -u",
      ],
      out: "1\n/tmp\n0\n",
    },
    { args: [...run, "--rm", "-h", "named", "box:1", "hostname"], out: "named\n" },
    {
      args: [...run, "--rm", "--read-only", "--tmpfs", "/t", "box:1", "sh", "-c", "echo > /t/a; echo > /a"],
      err: /Read-only file system/,
      code: 1,
    },
    { args: [...run, "--rm", "--entrypoint", "echo", "box:1", "a", "b"], out: "a b\n" },
    {
      args: [...run, "--rm", "--cap-drop", "ALL", "box:1", "grep", "CapEff", "/proc/self/status"],
      out: "CapEff:\t0000000000000000\n",
    },
    {
      args: [...run, "--rm", "-v", `${directory}:/host:ro`, "box:1", "cat", "/host/file"],
      out: "on the host",
    },
    { args: [...run, "--rm", "--init", "box:1", "sh", "-c", "echo $$"], out: /^[2-9]\n$/ },
    { args: [...run, "--rm", "-t", "box:1", "tty"], out: "/dev/pts/0\r\n" },
    { args: [...run, "--rm", "--gpus", "all", "box:1", "true"], err: /DeviceRequests/, code: 125 },
    // lifecycle
    {
      args: [
        ...run,
        "-d",
        "--name",
        "web",
        "--label",
        "tier=web",
        "box:1",
        "sh",
        "-c",
        "echo up; echo err >&2; exec sleep 1000",
      ],
      out: id,
    },
    { args: [...run, "--name", "web", "box:1", "true"], err: /name "\/web" is already in use/, code: 125 },
    { args: ["ps", "--format", "{{.Names}} {{.Image}} {{.State}}"], out: "web box:1 running\n" },
    { args: ["ps", "-q", "--filter", "label=tier=web", "--no-trunc"], out: id },
    {
      args: ["inspect", "-f", "{{.State.Running}} {{.Config.Image}} {{.HostConfig.NetworkMode}}", "web"],
      out: "true box:1 none\n",
    },
    { args: ["logs", "web"], out: "up\n", err: "err\n", eventually: true },
    { args: ["logs", "-t", "--tail", "1", "web"], err: /^$|Z err\n$/ },
    { args: ["exec", "web", "sh", "-c", "echo in; exit 4"], out: "in\n", code: 4 },
    { args: ["exec", "-i", "web", "cat"], stdin: "through\n", out: "through\n" },
    { args: ["exec", "-d", "web", "touch", "/made"], out: "" },
    { args: ["exec", "-e", "B=2", "-w", "/tmp", "web", "sh", "-c", "echo $B; pwd"], out: "2\n/tmp\n" },
    { args: ["exec", "nosuch", "true"], err: /No such container: nosuch/, code: 1 },
    { args: ["top", "web", "-o", "pid,args"], out: /^PID +COMMAND\n\d+ +sleep 1000\n$/, eventually: true },
    { args: ["cp", `${directory}/file`, "web:/copied"], err: /^(Successfully copied .*\n)?$/ },
    { args: ["exec", "web", "cat", "/copied"], out: "on the host" },
    { args: ["cp", "web:/copied", `${directory}/back`], err: /^(Successfully copied .*\n)?$/ },
    { args: ["cp", "web:/nosuch", "-"], err: /Could not find the file \/nosuch in container web/, code: 1 },
    { args: ["diff", "web"], out: /A \/copied\n(.*\n)*A \/made\n/, eventually: true },
    { args: ["rename", "web", "site"], out: "" },
    { args: ["rm", "site"], err: /container is running|cannot remove container/, code: 1 },
    { args: ["restart", "-t", "0", "site"], out: "site\n" },
    { args: ["kill", "-s", "TERM", "site"], out: "site\n" },
    { args: ["stop", "-t", "0", "site"], out: "site\n" },
    { args: ["wait", "site"], out: /^(137|143)\n$/ },
    {
      args: ["ps", "-a", "--filter", "status=exited", "--format", "{{.Names}}: {{.Status}}"],
      out: /^site: Exited \(1\d\d\) /,
    },
    { args: ["start", "site"], out: "site\n" },
    { args: ["update", "--restart", "on-failure:2", "site"], out: "site\n" },
    { args: ["inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", "site"], out: "on-failure\n" },
    {
      args: ["commit", "-m", "made", "-c", 'CMD ["cat", "/copied"]', "site", "made:1"],
      out: /^sha256:[0-9a-f]{64}\n$/,
    },
    { args: [...run, "--rm", "made:1"], out: "on the host" },
    { args: ["export", "-o", `${directory}/tree.tar`, "site"], out: "" },
    { args: ["import", `${directory}/tree.tar`, "flat:1"], out: /^sha256:[0-9a-f]{64}\n$/ },
    { args: [...run, "--rm", "flat:1", "/bin/cat", "/copied"], out: "on the host" },
    { args: ["rm", "-f", "site"], out: "site\n" },
    { args: ["create", "--network", "none", "--name", "later", "box:1", "echo", "late"], out: id },
    { args: ["start", "-a", "later"], out: "late\n" },
    { args: ["rm", "later"], out: "later\n" },
    {
      args: [
        ...run,
        "-d",
        "--rm",
        "--name",
        "brief",
        "--health-cmd",
        "true",
        "--health-interval",
        "1h",
        "box:1",
        "sleep",
        "1000",
      ],
      out: id,
    },
    { args: ["inspect", "-f", "{{.State.Health.Status}}", "brief"], out: /^(starting|healthy)\n$/ },
    { args: ["kill", "brief"], out: "brief\n" },
    // volumes
    { args: ["volume", "create", "--label", "kind=data", "data"], out: "data\n" },
    { args: ["volume", "ls", "-q", "--filter", "label=kind=data"], out: "data\n" },
    { args: [...run, "--rm", "-v", "data:/data", "box:1", "sh", "-c", "echo kept > /data/f"], out: "" },
    {
      args: [...run, "--rm", "--mount", "type=volume,src=data,dst=/d,readonly", "box:1", "cat", "/d/f"],
      out: "kept\n",
    },
    { args: ["volume", "inspect", "-f", "{{.Driver}} {{.Name}}", "data"], out: "local data\n" },
    { args: ["volume", "rm", "data"], out: "data\n" },
    { args: ["volume", "rm", "data"], err: /no such volume/, code: 1 },
    // the system
    {
      args: ["system", "df", "--format", "{{.Type}}"],
      out: "Images\nContainers\nLocal Volumes\nBuild Cache\n",
    },
    {
      args: [
        "events",
        "--since",
        "1h",
        "--until",
        "0s",
        "--filter",
        "container=site",
        "--filter",
        "event=rename",
        "--format",
        "{{.Action}}",
      ],
      out: "rename\n",
      // Docker's CLI ends the range at the beginning of the current second.
      eventually: true,
    },
    { args: ["container", "prune", "-f"], out: /Total reclaimed space: / },
    { args: ["image", "prune", "-af"], out: /(untagged|deleted): / },
    { args: ["images", "-q"], out: "" },
    { args: ["ps", "-aq"], out: "" },
  ];
}

daemonSuite("a session of the docker CLI", { obstacle: obstacle }, (daemon) => {
  let directory: TemporaryDirectory;
  beforeAll(async () => {
    directory = temporaryDirectory("session");
    mkdirSync(`${directory.path}/host`);
    writeFileSync(`${directory.path}/host/file`, "on the host");
  });
  afterAll(async () => {
    directory?.[Symbol.dispose]();
  });

  const image = buildImage({
    layers: [busyboxLayer()],
    config: { Cmd: ["sh"], Env: ["PATH=/bin"] },
  });

  test("prints what Docker documents", async () => {
    const path = `${directory.path}/host`;
    const steps = session(path, ociArchive(image, "box:1"));
    expect(steps.length).toBeGreaterThanOrEqual(60);
    const faults: object[] = [];
    for (const { args, out, err = "", code = 0, stdin, eventually } of steps) {
      const attempt = async () => {
        const outcome = await runDocker(daemon.socket, args, stdin === undefined ? {} : { stdin });
        const fits =
          outcome.code === code &&
          matches(outcome.stdout, out) &&
          ((code !== 0 && err === "") || matches(outcome.stderr, err));
        return { outcome, fits };
      };
      let { outcome, fits } = await attempt();
      for (let left = patience; eventually && !fits && left > 0; left--)
        ({ outcome, fits } = await attempt());
      if (!fits) faults.push({ args: args.join(" "), expected: { code, out, err }, outcome });
    }
    expect(faults).toEqual([]);
    expect(readFileSync(`${path}/back`, "utf8")).toBe("on the host");
  });
});

function matches(text: string, wanted: string | RegExp | undefined): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === "string" ? text === wanted : wanted.test(text);
}
