import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { tar } from "#test/support/tar.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

daemonSuite(
  "build contexts at an address",
  { obstacle: shellUnavailable, prepare: (daemon) => loadShell(daemon, "box:1", {}) },
  (daemon) => {
    const dockerfile = "FROM box:1\nLABEL from=afar\n";

    test("every build of a Dockerfile or an archive ends, however its bytes arrive", async () => {
      const archive = tar([{ path: "Dockerfile", content: dockerfile }]);
      await using server = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        async fetch({ url }) {
          const bytes = url.endsWith(".tar") ? archive : Buffer.from(dockerfile);
          async function* chunks() {
            for (let at = 0; at < bytes.length; at += 200) {
              yield bytes.subarray(at, at + 200);
              if (Math.random() < 0.5) await Bun.sleep(0);
            }
          }
          return new Response(chunks());
        },
      });
      for (let round = 0; round < 30; round++) {
        const remote = `http://127.0.0.1:${server.port}/${round % 2 === 0 ? "Dockerfile" : "c.tar"}`;
        const response = await daemon.request("POST", `/build?remote=${encodeURIComponent(remote)}`);
        expect(await response.text()).toContain("Successfully built");
      }
    });
  },
);
