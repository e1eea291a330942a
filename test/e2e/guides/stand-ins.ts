import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { TestDaemon } from "#test/support/daemon.ts";
import { loadShell } from "../support/images.ts";

/** Loads small images under the names that the guides use, so that they need no registry. */
export async function loadStandIns(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "alpine:latest", { Cmd: ["sh"] });
  const bash = { path: "bin/bash", content: "#!/bin/sh\nexec sh\n", mode: 0o755 };
  await loadShell(daemon, "debian:latest", {}, [bash]);
  const passwd = "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home:/bin/sh\n";
  await loadShell(daemon, "node:latest", { Cmd: ["sh"] }, [{ path: "etc/passwd", content: passwd }]);
  const folder = "usr/share/nginx/html";
  await loadShell(
    daemon,
    "nginx:latest",
    {
      StopSignal: "SIGKILL",
      Cmd: ["httpd", "-f", "-p", "80", "-h", `/${folder}`],
      ExposedPorts: { "80/tcp": {} },
    },
    [{ path: `${folder}/index.html`, content: "Welcome\n" }],
  );
}

/** Writes a workflow of GitHub Actions, and act's settings, with an image of `loadStandIns`. */
export function writeWorkflow(home: string, work: string): void {
  mkdirSync(`${work}/.github/workflows`, { recursive: true });
  writeFileSync(
    `${work}/.github/workflows/ci.yml`,
    "on: push\ndefaults: { run: { shell: sh } }\njobs: { build: { runs-on: ubuntu-latest, steps: [run: test -w .] } }\n",
  );
  mkdirSync(`${home}/.config/act`, { recursive: true });
  writeFileSync(`${home}/.config/act/actrc`, "-P ubuntu-latest=alpine\n--pull=false\n");
}

/** Returns whether a program is installed; a name such as `docker-compose` is a plugin of Docker's client. */
export function isInstalled(name: string): boolean {
  if (!name.startsWith("docker-")) return Bun.which(name) !== null;
  const directories = [`${process.env.HOME}/.docker`, "/usr/local/lib/docker", "/usr/lib/docker"];
  return [...directories, "/usr/libexec/docker"].some((path) => existsSync(`${path}/cli-plugins/${name}`));
}
