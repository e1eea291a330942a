import { afterAll, beforeAll, expect, test } from "bun:test";
import { dockerfiles } from "#test/dockerfiles/cases.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { registryUnavailable, startRegistry, type TestRegistry } from "#test/support/registry.ts";
import { repository } from "#test/support/repository.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

const unavailable = shellUnavailable ?? registryUnavailable;
daemonSuite("a Dockerfile on a base image from a registry", { obstacle: unavailable }, (daemon) => {
  const opened = new AsyncDisposableStack();
  let registry: TestRegistry;
  let base: string;
  beforeAll(async () => {
    registry = opened.use(await startRegistry());
    base = `${registry.host}/shell:1`;
    await loadShell(daemon, base);
    await daemon.tbox(["push", base]);
    await daemon.tbox(["rmi", base]);
  });
  afterAll(() => opened.disposeAsync());

  test.each(dockerfiles.filter((one) => one.base === "shell"))("$name", async ({ name, options, check }) => {
    const folder = `${repository}/test/dockerfiles/${name}`;
    const given = [...options, "--build-arg", `BASE=${base}`, "-t", `${name}:1`, "--progress=plain"];
    const { code, stderr } = await daemon.tbox(["build", ...given, folder]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await check(daemon, `${name}:1`);
    const again = await daemon.tbox(["build", ...given, folder]);
    expect(again.stderr).not.toMatch(/^#\d+ DONE/m);
  });
});
