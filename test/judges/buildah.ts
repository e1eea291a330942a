import { mkdirSync, writeFileSync } from "node:fs";
import { pushImage } from "#test/support/images.ts";
import { startRegistry } from "#test/support/registry.ts";
import { judgeArguments } from "./support/arguments.ts";
import { startEngine } from "./support/engine.ts";
import { fakeRoot } from "./support/fake-root.ts";
import { standIn } from "./support/fixtures.ts";
import { goTests } from "./support/go-tests.ts";
import { report } from "./support/report.ts";

/**
 * Runs buildah's `tests/conformance`: compiled tests, and a copy of the repository. They compare the images of the classic
 * builder with those of buildah. Usage: `bun test/judges/buildah.ts BINARY COPY [TEST...]`
 */
const { positions, baseline } = judgeArguments("bun test/judges/buildah.ts BINARY COPY [TEST...]", 2);
const [binary = "", copy = "", ...wanted] = positions;
const images = ["mirror.gcr.io/busybox:latest", "mirror.gcr.io/alpine:latest", "quay.io/libpod/centos:7"].map(
  (name) => standIn(name),
);

await using engine = await startEngine(images);
await using registry = await startRegistry();
const scratch = engine.environment.TMPDIR ?? "";
// Buildah pulls the base images itself.
for (const { name, image } of images) {
  const [repository = "", tag = ""] = name.slice(name.indexOf("/") + 1).split(":");
  await pushImage(registry.host, repository, tag, image);
}
const mirrors = ["mirror.gcr.io", "quay.io"].map(
  (prefix) => `[[registry]]\nprefix = "${prefix}"\nlocation = "${registry.host}"\ninsecure = true\n`,
);
writeFileSync(`${scratch}/registries.conf`, mirrors.join("\n"));
mkdirSync(`${scratch}/run`, { mode: 0o700 });
// Buildah refuses to start without the program, and the builds use the network of the host.
writeFileSync(`${scratch}/netavark`, "#!/bin/false\n", { mode: 0o755 });
writeFileSync(`${scratch}/containers.conf`, `[engine]\nhelper_binaries_dir = ["${scratch}"]\n`);

report(
  await goTests({
    binary,
    prefix: fakeRoot(scratch, engine.daemon.socket),
    run: `^TestConformance$${wanted.length === 0 ? "" : `/^(${wanted.join("|")})$`}`,
    cwd: `${copy}/tests/conformance`,
    environment: {
      ...engine.environment,
      BUILDAH_ISOLATION: "chroot",
      CONTAINERS_CONF: `${scratch}/containers.conf`,
      CONTAINERS_REGISTRIES_CONF: `${scratch}/registries.conf`,
      STORAGE_DRIVER: "vfs",
      XDG_RUNTIME_DIR: `${scratch}/run`,
    },
    patience: 120,
  }),
  baseline,
);
