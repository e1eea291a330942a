import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { programUnavailable } from "#test/support/user.ts";

const occupied = existsSync("/var/run/docker.sock") ? "the host has a docker.sock" : undefined;

daemonSuite("the API's socket in a container", { obstacle: programUnavailable ?? occupied }, (daemon) => {
  const ping = (...options: string[]) =>
    daemon.tbox([
      ...["run", "--rm", "--rootfs", "/", "--network", "none", ...options],
      ...["curl", "-s", "--unix-socket", "/tmp/docker.sock", "http://docker/_ping"],
    ]);

  test("is mounted for the well-known paths when the host has no such socket", async () => {
    for (const path of [
      "/var/run/docker.sock",
      "/run/docker.sock",
      "/run/podman/podman.sock",
      daemon.socket,
    ]) {
      expect(await ping("-v", `${path}:/tmp/docker.sock`)).toEqual({ stdout: "OK", stderr: "", code: 0 });
      expect(existsSync(path)).toBe(path === daemon.socket);
    }
    const mount = "type=bind,source=/var/run/docker.sock,target=/tmp/docker.sock,readonly";
    expect((await ping("--mount", mount)).stdout).toBe("OK");
  });

  test("still works after the daemon has started again", async () => {
    const mount = ["-v", "/var/run/docker.sock:/tmp/docker.sock"];
    const box = ["run", "-d", "--rootfs", "/", "--network", "none", ...mount, "sleep", "1000"];
    const id = await daemon.printed(...box);
    await daemon.kill();
    await daemon.start();
    const url = ["-s", "--unix-socket", "/tmp/docker.sock", "http://docker/_ping"];
    expect(await daemon.printed("exec", id, "curl", ...url)).toBe("OK");
    await daemon.printed("rm", "-f", id);
  });

  test("keeps a request for the next daemon while none runs", async () => {
    await daemon.kill();
    const answer = fetch("http://docker/_ping", { unix: `${daemon.run}/container.sock` });
    await daemon.start();
    expect(await (await answer).text()).toBe("OK");
  });

  test("can be used by every user of the container", async () => {
    for (const options of [
      ["-u", "65534"],
      ["-u", "1000", "--userns", "keep-id"],
    ]) {
      expect((await ping("-v", "/var/run/docker.sock:/tmp/docker.sock", ...options)).stdout).toBe("OK");
    }
  });
});
