import { expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { freePorts } from "#test/support/free-ports.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

/** A receiver of log records by TCP. */
interface Receiver extends Disposable {
  port: number;
  /** Everything received so far. */
  text(): string;
  /** Closes all connections. */
  drop(): void;
}

async function receive(port = 0): Promise<Receiver> {
  const chunks: Buffer[] = [];
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  const drop = () => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    text: () => Buffer.concat(chunks).toString("latin1"),
    drop,
    [Symbol.dispose]() {
      server.close();
      drop();
    },
  };
}

daemonSuite("--log-driver", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  const run = (options: string[], script: string) =>
    daemon.tbox(["run", ...options, "--network", "none", "box:1", "sh", "-c", script]);

  test("local keeps the log, with Docker's name and options", async () => {
    const options = [
      "-d",
      "--log-driver",
      "local",
      "--log-opt",
      "max-size=1m",
      "--log-opt",
      "compress=false",
    ];
    const id = (await run(options, "echo kept")).stdout.trim();
    await daemon.tbox(["wait", id]);
    expect(await daemon.printed("logs", id)).toBe("kept");
    expect(await daemon.printed("inspect", "-f", "{{.HostConfig.LogConfig.Type}}", id)).toBe("local");
    await daemon.tbox(["rm", id]);
  });

  test("syslog sends each line by TCP, and logs still reads it", async () => {
    using receiver = await receive();
    const options = [
      "--log-driver",
      "syslog",
      "--log-opt",
      `syslog-address=tcp://127.0.0.1:${receiver.port}`,
    ];
    const format = ["--log-opt", "syslog-format=rfc5424", "--log-opt", "tag={{.Name}}", "--name", "sender"];
    await run(["-d", ...options, ...format], "echo out; echo err >&2");
    await until(() => receiver.text().includes("- err\n") && receiver.text().includes("- out\n"));
    expect(receiver.text()).toMatch(/^<30>1 \S+ \S+ sender \d+ sender - out$/m);
    expect(receiver.text()).toMatch(/^<27>1 \S+ \S+ sender \d+ sender - err$/m);
    await daemon.tbox(["wait", "sender"]);
    expect((await daemon.tbox(["logs", "sender"])).stdout).toBe("out\n");
    await daemon.tbox(["rm", "sender"]);
  });

  test("syslog sends datagrams, also the last line of a container with --rm", async () => {
    const socket = createSocket("udp4");
    const received: string[] = [];
    socket.on("message", (message) => void received.push(message.toString()));
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const address = `syslog-address=udp://127.0.0.1:${socket.address().port}`;
    await run(["--rm", "--log-driver", "syslog", "--log-opt", address], "echo first; echo last");
    await until(() => received.some((text) => text.endsWith(": last")));
    expect(received[0]).toMatch(/^<30>\w{3} [ \d]\d \d\d:\d\d:\d\d [0-9a-f]{12}\[\d+\]: first$/);
    socket.close();
  });

  test("fluentd gets labels and variables with each line", async () => {
    using receiver = await receive();
    const address = `fluentd-address=127.0.0.1:${receiver.port}`;
    const chosen = [
      "--log-opt",
      "labels=kind",
      "--log-opt",
      "env=STAGE",
      "--label",
      "kind=web",
      "-e",
      "STAGE=test",
    ];
    await run(["--rm", "--log-driver", "fluentd", "--log-opt", address, ...chosen], "echo hello");
    await until(() => receiver.text().includes("STAGE"));
    const words = receiver.text().replace(/[^\x20-\x7e]+/g, " ");
    for (const pair of ["source stdout", "log hello", "kind web", "STAGE test"]) {
      expect(words.replaceAll(/ [^\w ]/g, " ")).toMatch(new RegExp(pair.replace(" ", " +\\W? *")));
    }
  });

  test("an unavailable receiver gets every line when it returns, even after a restart of the daemon", async () => {
    const port = await freePorts();
    const first = await receive(port);
    const options = ["--log-driver", "syslog", "--log-opt", `syslog-address=tcp://127.0.0.1:${port}`];
    const script = "echo line-1; read go < /go; echo line-2; echo line-3; sleep 1000";
    const prepare = `mkfifo /go; ${script}`;
    const id = (await run(["-d", ...options], prepare)).stdout.trim();
    await until(() => first.text().includes("line-1"));
    first[Symbol.dispose]();
    await daemon.kill();
    await daemon.start();
    await daemon.printed("exec", id, "sh", "-c", "echo go > /go");
    await until(async () => (await daemon.printed("logs", id)).includes("line-3"));
    using second = await receive(port);
    await until(() => second.text().includes("line-3"));
    const lines = [...second.text().matchAll(/line-\d/g)].map(([line]) => line);
    expect([...new Set(lines)].filter((line) => line !== "line-1")).toEqual(["line-2", "line-3"]);
    await daemon.tbox(["rm", "-f", id]);
  });

  test("other drivers and options are refused by name", async () => {
    const gelf = await run(["--rm", "--log-driver", "gelf"], "true");
    expect(gelf.stderr).toContain("log driver 'gelf' is not supported");
    expect(gelf.code).toBe(125);
    const option = await run(["--rm", "--log-driver", "journald", "--log-opt", "max-size=1m"], "true");
    expect(option.stderr).toContain("unknown log opt 'max-size' for journald log driver");
  });
});
