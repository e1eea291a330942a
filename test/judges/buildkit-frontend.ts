import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { pushImage } from "#test/support/images.ts";
import { startRegistry } from "#test/support/registry.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { judgeArguments } from "./support/arguments.ts";
import { fakeRoot } from "./support/fake-root.ts";
import { standIn } from "./support/fixtures.ts";
import { goTests } from "./support/go-tests.ts";
import { lendDaemons } from "./support/lent-daemons.ts";
import { type Result, report } from "./support/report.ts";

/**
 * Runs the integration tests of BuildKit's Dockerfile front end as for a dockerd with containerd's image
 * store, with the built-in front end: a compiled `frontend/dockerfile` with `buildctl` beside it, and a copy of the sources. Usage:
 * `bun test/judges/buildkit-frontend.ts BINARY COPY [TEST...]`
 */
const { positions, baseline } = judgeArguments(
  "bun test/judges/buildkit-frontend.ts BINARY COPY [TEST...]",
  2,
);
const [binary = "", copy = "", ...wanted] = positions;
const folder = `${copy}/frontend/dockerfile`;

/** Tests that run in one process. A failed test can make the others of its process hang; they run again alone. */
const groupSize = 8;

/** Images that the suite expects in its mirror. */
const images = [
  "library/busybox:latest",
  "library/alpine:latest",
  "library/busybox:stable-musl",
  "amd64/debian:bullseye-20230109-slim",
  "tonistiigi/hellofs:latest",
];

await using registry = await startRegistry();
using scratch = temporaryDirectory("judge");
const mirror = `${scratch.path}/mirror`;
mkdirSync(mirror);
for (const name of images) {
  const [repository = "", tag = ""] = name.split(":");
  await pushImage(registry.host, repository, tag, standIn(name).image);
}
// The suite starts its mirror in this directory, with the images that are already there.
writeFileSync(
  `${mirror}/config.yaml`,
  JSON.stringify({
    version: "0.1",
    log: { level: "debug" },
    storage: { filesystem: { rootdirectory: registry.directory }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0" },
  }),
);
const programs = `${scratch.path}/programs`;
mkdirSync(programs);
writeFileSync(`${programs}/registry`, '#!/bin/sh\nexec docker-registry "$@"\n');
chmodSync(`${programs}/registry`, 0o755);
mkdirSync(`${scratch.path}/config/tbox`, { recursive: true });
const settings = { "registry-mirrors": [`http://${registry.host}`] };
writeFileSync(`${scratch.path}/config/tbox/config.json`, JSON.stringify(settings));
await using _daemons = lendDaemons(programs, { XDG_CONFIG_HOME: `${scratch.path}/config` });

const environment = {
  // The program buildctl is beside the tests.
  PATH: `${programs}:${dirname(binary)}:${process.env.PATH}`,
  HOME: scratch.path,
  TMPDIR: scratch.path,
  TEST_DOCKERD: "1",
  FRONTEND_BUILTIN_ONLY: "1",
  BUILDKIT_REGISTRY_MIRROR_DIR: mirror,
};

const names = wanted.length > 0 ? wanted : testNames();
const results: Result[] = [];
for (let at = 0; at < names.length; at += groupSize) {
  const group = names.slice(at, at + groupSize);
  const found = await run(group);
  const missing = group.filter(
    (name) => !found.some((one) => one.name.startsWith(`${name}/`) || one.name === name),
  );
  for (const name of missing) {
    const alone = await run([name]);
    found.push(...(alone.length > 0 ? alone : [{ name, verdict: "FAIL" as const }]));
  }
  results.push(...found);
  console.error(`judged ${Math.min(at + groupSize, names.length)} of ${names.length} tests`);
}
report(results, baseline);

/** Runs some tests; the results lack those that do not end. */
async function run(group: string[]): Promise<Result[]> {
  const found = await goTests({
    prefix: fakeRoot(`${scratch.path}/${crypto.randomUUID()}`),
    binary,
    run: `^TestIntegration$/^(${group.join("|")})$/^worker=dockerd-containerd$`,
    cwd: folder,
    environment,
    patience: 40,
    avoid: [],
  });
  return found.flatMap(({ name, verdict }) => {
    const [, test, ...more] = name.split("/");
    if (test === undefined) return [];
    const variant = more.filter((part) => !/^(?:worker|frontend)=/.test(part));
    return [{ name: [test, ...variant].join("/"), verdict }];
  });
}

/** Returns the names of the tests, which the sources list. */
function testNames(): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith("_test.go"));
  const found = files.flatMap((name) => {
    const text = readFileSync(`${folder}/${name}`, "utf8");
    return [...text.matchAll(/^\t(test\w+),$|TestFuncs\((test\w+)\)/gm)].map(
      ([, one, other]) => one ?? other ?? "",
    );
  });
  return found.map((name) => name.replace(/^t/, "T"));
}
