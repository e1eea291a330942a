import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { processesNamed } from "#test/support/processes.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite(
  "a helper that SIGSTOP has stopped",
  { obstacle: shellUnavailable, prepare: loadBox },
  (daemon) => {
    function stop(name: string): void {
      const found = processesNamed(name, daemon.run);
      expect(found).not.toEqual([]);
      for (const pid of found) process.kill(pid, "SIGSTOP");
    }

    test("the zygote continues when a start or an exec waits for it, and when a daemon starts", async () => {
      await daemon.printed("run", "-d", "--name", "lasting", "--network", "none", "box:1", "sleep", "1000");
      stop("tbox-zygote");
      expect(await daemon.printed("exec", "lasting", "echo", "entered")).toBe("entered");
      stop("tbox-zygote");
      expect(await daemon.printed("run", "--rm", "--network", "none", "box:1", "echo", "started")).toBe(
        "started",
      );
      await daemon.kill();
      stop("tbox-zygote");
      await daemon.start();
      expect(await daemon.printed("exec", "lasting", "echo", "entered")).toBe("entered");
      await daemon.printed("rm", "-f", "lasting");
    });

    test("the net helper continues when the end of a container waits for it", async () => {
      await daemon.printed("run", "-d", "--name", "web", "-p", "127.0.0.1::80", "box:1", "sleep", "1000");
      stop("tbox-net");
      await daemon.printed("rm", "-f", "web");
      expect(await daemon.printed("ps", "-aq")).toBe("");
    });
  },
);
