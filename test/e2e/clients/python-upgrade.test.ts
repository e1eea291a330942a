import { expect, test } from "bun:test";
import { connect } from "node:net";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

daemonSuite(
  "a client that drops bytes behind the head",
  { obstacle: shellUnavailable, prepare: loadBox },
  (daemon) => {
    test.each(["docker-sdk-python/7.1.0", "tc-python/4.15.0", "ansible-community.docker"])(
      "%s receives the output of an exec separately, even when it reads late",
      async (agent) => {
        await daemon.printed("run", "-d", "--name", "host", "--network", "none", "box:1", "sleep", "1000");
        const request = { Cmd: ["echo", "output"], AttachStdout: true };
        const { Id } = (await (await daemon.request("POST", "/containers/host/exec", request)).json()) as {
          Id: string;
        };
        const socket = connect({ path: daemon.socket, allowHalfOpen: true });
        await new Promise((resolve) => socket.once("connect", resolve));
        const chunks: Buffer[] = [];
        socket.on("data", (chunk: Buffer) => chunks.push(chunk));
        const head = `POST /exec/${Id}/start HTTP/1.1\r\nHost: docker\r\nUser-Agent: ${agent}\r\n`;
        const body = "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}";
        await new Promise((resolve) => socket.write(head + body, resolve));
        // This process reads nothing meanwhile.
        Bun.sleepSync(300);
        await new Promise((resolve) => socket.once("end", resolve));
        socket.destroy();
        expect(chunks[0]?.toString()).toEndWith("\r\n\r\n");
        expect(Buffer.concat(chunks.slice(1)).subarray(8).toString()).toBe("output\n");
        await daemon.printed("rm", "-f", "host");
      },
    );
  },
);
