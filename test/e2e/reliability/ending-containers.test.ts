import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { tarNames } from "#test/support/tar.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const rounds = 40;

daemonSuite("a container that is ending", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  test.each([
    ["export", "/containers/brief/export", "bin/busybox"],
    ["cp", "/containers/brief/archive?path=/bin", "bin/busybox"],
  ])("has complete files for %s", async (_, path, name) => {
    await daemon.printed("create", "--name", "brief", "--network", "none", "box:1", "true");
    for (let round = 0; round < rounds; round++) {
      await daemon.request("POST", "/containers/brief/start");
      await Bun.sleep((round % 8) / 2);
      const response = await daemon.request("GET", path);
      expect(response.status).toBe(200);
      const archive = new Uint8Array(await response.arrayBuffer());
      expect(await tarNames(archive)).toContain(name);
      // The end of an archive is two blocks of zeros.
      expect(archive.subarray(-1024).every((byte) => byte === 0)).toBe(true);
      await daemon.request("POST", "/containers/brief/wait");
    }
    await daemon.printed("rm", "-f", "brief");
  });

  test("has a status of its files", async () => {
    await daemon.printed("create", "--name", "brief", "--network", "none", "box:1", "true");
    for (let round = 0; round < rounds; round++) {
      await daemon.request("POST", "/containers/brief/start");
      await Bun.sleep((round % 8) / 2);
      expect((await daemon.request("HEAD", "/containers/brief/archive?path=/bin")).status).toBe(200);
      await daemon.request("POST", "/containers/brief/wait");
    }
    await daemon.printed("rm", "-f", "brief");
  });

  test("has a status of its files also when it begins after the request", async () => {
    await daemon.printed("create", "--name", "brief", "--network", "none", "box:1", "true");
    for (let round = 0; round < 2 * rounds; round++) {
      const start = daemon.request("POST", "/containers/brief/start");
      const statuses = await Promise.all(
        Array.from(
          { length: 6 },
          async () => (await daemon.request("HEAD", "/containers/brief/archive?path=/bin")).status,
        ),
      );
      expect(statuses).toEqual(statuses.map(() => 200));
      await start;
      await daemon.request("POST", "/containers/brief/wait");
    }
    await daemon.printed("rm", "-f", "brief");
  });
});
