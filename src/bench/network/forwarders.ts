import { output } from "../output.ts";
import { ownCommand } from "../own-command.ts";

/** A network with an iperf3 server that a port of the host leads to. */
export interface Place {
  name: string;
  /** Command prefix that runs a command in this network. */
  enter: string[];
  published: number;
  /** Port of the host's server; undefined when this network cannot reach it by the host's address. */
  outward?: number;
}

interface ForwarderOptions {
  directory: string;
  /** Address of the host that containers reach. */
  host: string;
  peers: readonly string[];
}

interface Places extends AsyncDisposable {
  all: Place[];
}

const inside = 5201;
/** The first of four ports of the host; below the range of outgoing connections. */
const native = 28_801;

/** Programs that a container's network can be compared with. */
export const networkPeers = ["pasta", "slirp4netns"] as const;

/** Opens the host's network, a container, and namespaces of the peers, each with an iperf3 server. */
export async function openForwarders({ directory, host, peers }: ForwarderOptions): Promise<Places> {
  await using resources = new AsyncDisposableStack();
  const spawn = (command: string[], talkative = false) => {
    const stdio = ["ignore", "pipe", talkative ? "ignore" : "inherit"] as const;
    const child = Bun.spawn(command, { stdio: [...stdio] });
    resources.defer(async () => {
      child.kill("SIGKILL");
      await child.exited;
    });
    return child;
  };
  const all: Place[] = [];
  const add = async (place: Place, port: number) => {
    spawn([...place.enter, "iperf3", "-s", "-p", String(port)]);
    await answers(host, place.published);
    all.push(place);
  };
  await add({ name: "native", enter: [], published: native, outward: native }, native);

  const id = output(ownCommand("run", "-d", "-p", `28802:${inside}`, "--rootfs", "/", "sleep", "1000"));
  resources.defer(() => void output(ownCommand("rm", "-f", id)));
  const enter = ownCommand("exec", id);
  await add({ name: "tbox", enter, published: 28_802, outward: native }, inside);

  /** Creates a network namespace without a connection. */
  const namespace = async () => {
    const script = "echo $$; exec sleep 1000";
    const child = spawn(["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script]);
    for await (const bytes of child.stdout) return new TextDecoder().decode(bytes).trim();
    throw new Error("cannot create a network namespace");
  };
  const entering = (pid: string) => ["nsenter", "--preserve-credentials", "-U", "-n", "-t", pid];
  if (peers.includes("pasta")) {
    const pid = await namespace();
    spawn(["pasta", "--config-net", "-f", "-q", "-t", `28803:${inside}`, pid]);
    // pasta assigns the host's own address to the namespace, so that address does not reach the host.
    await add({ name: "pasta", enter: entering(pid), published: 28_803 }, inside);
  }
  if (peers.includes("slirp4netns")) {
    const pid = await namespace();
    const socket = `${directory}/slirp.sock`;
    const options = ["--configure", "--mtu=65520", "--disable-host-loopback", "--api-socket", socket];
    spawn(["slirp4netns", ...options, pid, "tap0"], true);
    await forward(socket, { host_addr: "0.0.0.0", host_port: 28_804, guest_port: inside });
    await add({ name: "slirp4netns", enter: entering(pid), published: 28_804, outward: native }, inside);
  }
  const owned = resources.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Waits until a server answers on a port. */
async function answers(host: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const probe = Bun.spawnSync(["iperf3", "-c", host, "-p", String(port), "-n", "1K"], { stdout: "ignore" });
    if (probe.exitCode === 0) return;
    await Bun.sleep(50);
  }
  throw new Error(`no server answers on port ${port}`);
}

/** Asks slirp4netns to forward a port of the host into its namespace. */
async function forward(socket: string, ports: object): Promise<void> {
  const request = JSON.stringify({ execute: "add_hostfwd", arguments: { proto: "tcp", ...ports } });
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      Bun.connect({
        unix: socket,
        socket: {
          open: (own) => {
            own.write(request);
            own.shutdown();
          },
          data: (_, bytes) => {
            text += bytes.toString();
          },
          close: () => resolve(text),
          connectError: () => resolve(""),
        },
      }).catch(() => resolve(""));
    });
    if (answer.includes("return")) return;
    if (answer.includes("error")) throw new Error(`slirp4netns: ${answer}`);
    await Bun.sleep(50);
  }
  throw new Error("slirp4netns does not answer");
}
