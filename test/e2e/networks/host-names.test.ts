import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { startDaemon, type TestDaemon } from "#test/support/daemon.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { until } from "#test/support/until.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

/** A separate host for the daemon: a network namespace with its own /etc/resolv.conf, the first argument. */
const host = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "--net", "sh", "-ec"];
const script = `busybox ip link set lo up; mount --bind "$1" /etc/resolv.conf
  "$2" ${import.meta.dirname}/../support/name-server.ts "$TBOX_RUN_DIR" "$3" 127.0.0.53 127.0.0.54 &
  shift 3; exec "$@"`;

const obstacle =
  shellUnavailable ??
  (Bun.spawnSync([...host, "true"]).exitCode === 0 ? undefined : "no user namespace to test in");
if (obstacle !== undefined) console.error(`skipped: ${obstacle}`);

describe.skipIf(obstacle !== undefined)("names resolved by the host", () => {
  const directory = temporaryDirectory("names");
  const { path } = directory;
  let daemon: TestDaemon;
  const asked = () => readFileSync(`${path}/asked`, "utf8");
  const know = (server: string, address: string) => writeFileSync(`${path}/${server}`, address);

  beforeAll(async () => {
    know("127.0.0.53", "192.0.2.1");
    know("127.0.0.54", "192.0.2.54");
    writeFileSync(`${path}/asked`, "");
    writeFileSync(`${path}/resolv.conf`, "search corp.example\nnameserver 127.0.0.53\n");
    const words = [...host, script, "sh", `${path}/resolv.conf`, process.execPath, path];
    daemon = await startDaemon({}, undefined, words);
    await loadShell(daemon, "box:1");
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  const tbox = async (...args: string[]) => {
    const { stdout, stderr } = await daemon.tbox(args);
    return stdout + stderr;
  };

  test("are in /etc/hosts of a container in the host's network, unless it adds names", async () => {
    const hosts = readFileSync("/etc/hosts", "utf8");
    const host = ["run", "--rm", "--network", "host"];
    expect(await tbox(...host, "box:1", "cat", "/etc/hosts")).toBe(hosts);
    const more = await tbox(...host, "--add-host", "more:192.0.2.9", "box:1", "cat", "/etc/hosts");
    expect(more).toContain("192.0.2.9\tmore\n");
    await tbox("run", "-d", "--name", "first", "--network", "host", "box:1", "sleep", "1000");
    const joined = ["run", "--rm", "--network", "container:first", "box:1", "cat", "/etc/hosts"];
    expect(await tbox(...joined)).toBe(hosts);
    await tbox("rm", "-f", "first");
  });

  test("follow changes of the host's resolv.conf while a container runs", async () => {
    await tbox("network", "create", "mine");
    await tbox("run", "-d", "--name", "runs", "--network", "mine", "box:1", "sleep", "1000");
    const look = () => tbox("exec", "runs", "nslookup", "-type=a", "intranet.example");
    await until(async () => (await look()).includes("192.0.2.1\n"));
    know("127.0.0.53", "192.0.2.2");
    expect(await look()).toContain("192.0.2.2\n");
    writeFileSync(`${path}/resolv.conf`, "nameserver 127.0.0.54\n");
    await until(async () => (await look()).includes("192.0.2.54\n"));
    writeFileSync(`${path}/resolv.conf`, "search corp.example\nnameserver 127.0.0.53\n");
    await until(async () => (await look()).includes("192.0.2.2\n"));
    // Names of other containers are never asked from the host, in any search domain.
    expect(await tbox("exec", "runs", "ping", "-c", "1", "runs")).toContain("1 packets received");
    expect(asked()).not.toContain("runs");
  });

  test("are not resolved on an internal network", async () => {
    await tbox("network", "create", "--internal", "inner");
    const shown = await tbox("run", "--rm", "--network", "inner", "box:1", "nslookup", "secret.example");
    expect(shown).toContain("NXDOMAIN");
    await tbox("run", "-d", "--name", "apart", "--network", "mine", "box:1", "sleep", "1000");
    await tbox("network", "disconnect", "mine", "apart");
    expect(await tbox("exec", "apart", "nslookup", "secret.example")).toContain("NXDOMAIN");
    expect(asked()).not.toContain("secret");
  });

  test("are resolved over TCP too, also after garbage", async () => {
    const program = `
      const question = (name) => {
        const labels = name.split(".").map((label) => String.fromCharCode(label.length) + label).join("");
        const body = Buffer.concat([Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
          Buffer.from(labels + "\\0", "latin1"), Buffer.from([0, 1, 0, 1])]);
        return Buffer.concat([Buffer.from([0, body.length]), body]);
      };
      const ask = (bytes, answers) => new Promise((resolve) => {
        let received = Buffer.alloc(0);
        const found = [];
        Bun.connect({ hostname: "127.0.0.11", port: 53, socket: {
          open: (socket) => void socket.write(bytes),
          data(socket, data) {
            received = Buffer.concat([received, data]);
            while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
              const end = 2 + received.readUInt16BE(0);
              found.push(received.subarray(end - 4, end).join("."));
              received = received.subarray(end);
            }
            if (found.length === answers) { socket.end(); resolve(found); }
          },
          close: () => resolve(found),
        } });
      });
      await Promise.all(Array.from({ length: 20 }, () => ask(Buffer.from([0, 0]), 1)));
      const cut = await Bun.connect({ hostname: "127.0.0.11", port: 53, socket: { data() {} } });
      cut.write(Buffer.from([1, 255, 0]));
      cut.terminate();
      const both = Buffer.concat([question("neighbour"), question("intranet.example")]);
      console.log((await ask(both, 2)).join(" "));`;
    await tbox("run", "-d", "--name", "neighbour", "--network", "mine", "box:1", "sleep", "1000");
    const format = "{{.NetworkSettings.Networks.mine.IPAddress}}";
    const address = (await tbox("inspect", "-f", format, "neighbour")).trim();
    const options = ["--rm", "--network", "mine", "-e", "TMPDIR=/tmp", "--rootfs", "/"];
    expect(await tbox("run", ...options, process.execPath, "-e", program)).toBe(`${address} 192.0.2.2\n`);
  });
});
