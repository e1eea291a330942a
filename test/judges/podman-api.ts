import { writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { printed } from "#test/support/program.ts";
import { judgeArguments } from "./support/arguments.ts";
import { startEngine } from "./support/engine.ts";
import { standIn } from "./support/fixtures.ts";
import { type Result, report } from "./support/report.ts";

/**
 * Runs the requests of Docker's API in podman's `test/apiv2`, from a copy of its repository; those of podman's own API do not
 * count. They use an engine of tbox, or the one of JUDGED_SOCKET. Usage:
 * `bun test/judges/podman-api.ts COPY [FILE...]`
 */
const { positions, baseline } = judgeArguments("bun test/judges/podman-api.ts COPY [FILE...]", 1);
const [copy = "", ...wanted] = positions;
const files = ["01-basic", "10-images", "12-imagesMore", "14-commit", "19-stats", "20-containers", "22-stop"];
files.push("23-containersArchive", "25-containersMore", "26-containersWait", "27-containersEvents");
files.push("28-containersAnnotations", "30-volumes", "35-networks", "44-mounts", "45-system", "90-build");
const names = ["testimage:20241011", "alpine:latest", "busybox:latest"];

/** Seconds after which a file ends: a request for events without an end waits for podman's own events. */
const patience = "90";

/** A program in place of podman: it passes its arguments to Docker's client, without options of podman's own. */
const podman = `#!/bin/bash
arguments=() replace= name=
while (($#)); do
  case $1 in
    --root|--runroot|--tmpdir) shift ;;
    --log-level=*) ;;
    --replace) replace=1 ;;
    --name) name=$2; arguments+=("$1" "$2"); shift ;;
    --name=*) name=\${1#--name=}; arguments+=("$1") ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
if [[ $replace ]]; then docker rm -f "$name" >&2; fi
case "\${arguments[*]}" in
  unshare*) exit ;;
  "rm -a"*) docker ps -aq | xargs -r docker rm -f ;;
  "rmi -af"*) docker images -aq | xargs -r docker rmi -f ;;
  "pull "*) docker image inspect "\${arguments[-1]}" >/dev/null || exec docker "\${arguments[@]}" ;;
  *) exec docker "\${arguments[@]}" ;;
esac
`;

/** curl reports an upgraded connection without output as a failure, with status 52, and the suite ends. */
const curl = `#!/bin/bash
PATH=\${PATH#*:} command curl "$@" || { status=$?; ((status == 52)) || exit $status; }
`;

const images = [...names.map((name) => `quay.io/libpod/${name}`), "quay.io/podman/hello:latest"].map((name) =>
  standIn(name),
);
await using engine = await startEngine(images);
const socket = process.env.JUDGED_SOCKET ?? engine.daemon.socket;
const scratch = engine.environment.TMPDIR ?? "";
const program = `${scratch}/podman`;
writeFileSync(program, podman, { mode: 0o755 });
writeFileSync(`${scratch}/curl`, curl, { mode: 0o755 });
const { server, port } = await bridge(socket);
using _ = { [Symbol.dispose]: () => void server.close() };
const results: Result[] = [];
for (const file of wanted.length > 0 ? wanted : files) {
  await engine.load();
  if (process.env.JUDGED_SOCKET !== undefined) await copyImages();
  const child = Bun.spawn(["timeout", patience, `${copy}/test/apiv2/test-apiv2`, file], {
    cwd: scratch,
    env: {
      ...engine.environment,
      DOCKER_HOST: `unix://${socket}`,
      PATH: `${scratch}:${engine.environment.PATH}`,
      PODMAN: program,
      PODMAN_SERVICE_PORT: String(port),
      CONTAINERS_HELPER_BINARY_DIR: scratch,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = await child.stdout.text();
  console.error(output);
  results.push(...verdicts(file, output));
}
report(results, baseline);

/** Copies the images of the engine of tbox to the judged one. */
async function copyImages(): Promise<void> {
  const archive = `${scratch}/images.tar`;
  const { code, stderr } = await engine.daemon.tbox([
    "save",
    "-o",
    archive,
    ...images.map(({ name }) => name),
  ]);
  if (code !== 0) throw new Error(`save the images: ${stderr}`);
  await printed(["docker", "load", "-q", "-i", archive], {
    environment: { ...engine.environment, DOCKER_HOST: `unix://${socket}` },
  });
}

/** Returns the verdicts about requests of Docker's API in the output of a file. */
function verdicts(file: string, output: string): Result[] {
  const seen = new Map<string, number>();
  return [...output.matchAll(/^(ok|not ok) \d+ (?:\[[^\]]*\] )?(.*)$/gm)]
    .filter(([, , text = ""]) => !/libpod/.test(text))
    .map(([, ok, text = ""]): Result => {
      // Identifiers and ports differ between two engines.
      const plain = text.replaceAll(/[0-9a-f]{12,64}/g, "ID").replace(/ ?# skip.*/, "");
      const count = (seen.get(plain) ?? 0) + 1;
      seen.set(plain, count);
      const name = `${file}: ${plain}${count > 1 ? ` (${count})` : ""}`;
      return { name, verdict: text.includes("# skip") ? "SKIP" : ok === "ok" ? "PASS" : "FAIL" };
    });
}

/** Forwards connections of a TCP port to a socket: the suite speaks TCP only. */
async function bridge(path: string): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ path, allowHalfOpen: true });
    client.on("error", () => target.destroy());
    target.on("error", () => client.destroy());
    client.pipe(target);
    target.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the bridge has no port");
  return { server, port: address.port };
}
