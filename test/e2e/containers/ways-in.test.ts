import { describe, expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { hasRanges } from "#test/support/user.ts";
import { shellUnavailable } from "../support/images.ts";
import { loadWays, type Target, type WayName, ways } from "../support/ways-in.ts";

/** Reason for which a way into a container is refused; undefined if the way works. */
type Refusals = Partial<Record<WayName, RegExp>>;

interface Kind {
  options: string[];
  image?: string;
  /** Program; default: prints `up` and copies its input. */
  program?: string[];
  /** Brings a created container into its state; default: the container is run detached. */
  bring?: (target: Target) => Promise<unknown>;
  refused?: Refusals;
  /** Whether the options need subordinate ids. */
  ids?: boolean;
}

/** Returns the refusals of a container without a running program. */
function withoutProgram(reason: RegExp): Refusals {
  const refused = (one: WayName) => [one, one === "attach" ? /cannot attach to a/ : reason];
  const names: WayName[] = [
    "exec",
    "exec -t",
    "exec --user",
    "exec --workdir",
    "exec --privileged",
    "top",
    "attach",
    "another container with --pid",
    "another container with --network",
    "another container with --ipc",
  ];
  return { ...Object.fromEntries(names.map(refused)), "health check": /^1 no probe$/ };
}

const start = ({ daemon, name }: Target) => daemon.printed("start", name);
const notRunning = /is not running|non running container/;
/** Lifetimes of a container that ends, in hundredths of a second. */
const endingRounds = 5;
const probed = ["--health-cmd", "test -e /marker", "--health-interval", "100ms"];
const none = ["--network", "none"];

const kinds: Record<string, Kind> = {
  plain: { options: [] },
  init: { options: ["--init"] },
  "init of another user": { options: ["--init", "--user", "65534:65534"], ids: true },
  "init with a terminal": { options: ["--init", "-t"] },
  "init without capabilities": {
    options: ["--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
  },
  "another user without capabilities": {
    options: ["--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ids: true,
  },
  privileged: { options: ["--privileged"] },
  "privileged with init": { options: ["--privileged", "--init"] },
  "no seccomp": { options: ["--init", "--security-opt", "seccomp=unconfined"] },
  "read-only": {
    options: ["--read-only", "--tmpfs", "/tmp"],
    refused: { "cp in": /container rootfs is marked read-only/ },
  },
  "keep-id": { options: ["--userns", "keep-id"], ids: true },
  "keep-id of another user": { options: ["--init", "--userns", "keep-id", "--user", "1000"], ids: true },
  "host network": { options: ["--network", "host"] },
  "own network": { options: ["--network", "bridge"] },
  "host pid": { options: ["--pid", "host"] },
  "host pid with init": { options: ["--pid", "host", "--init"] },
  "host ipc, uts and cgroup": {
    options: ["--init", "--ipc", "host", "--uts", "host", "--cgroupns", "host"],
  },
  "private ipc": {
    options: ["--ipc", "private"],
    refused: { "another container with --ipc": /non-shareable IPC/ },
  },
  "network of another": { options: ["--network", "container:plain"] },
  "pid of another": { options: ["--pid", "container:plain"] },
  "ipc of another": { options: ["--ipc", "container:plain"] },
  "all of one on the host": {
    options: [
      ...["--network", "container:host-network"],
      ...["--pid", "container:host-pid"],
      ...["--ipc", "container:host-ipc-uts-and-cgroup"],
    ],
  },
  terminal: { options: ["-t"] },
  "auto-removed": { options: ["--rm"] },
  "no shell": {
    options: [],
    image: "ways:bare",
    program: ["cat"],
    refused: { logs: /^1 no output$/, "health check": /exec: "\/bin\/sh": .*no such file/ },
  },
  created: {
    options: [],
    bring: async () => {},
    refused: { ...withoutProgram(notRunning), logs: /^1 no output$/ },
  },
  ended: {
    options: [],
    bring: async (target) => {
      await start(target);
      await target.daemon.printed("stop", "-t", "0", target.name);
    },
    refused: withoutProgram(notRunning),
  },
  "ended by itself": {
    options: [],
    program: ["sh", "-c", "echo up"],
    bring: async (target) => {
      await start(target);
      await target.daemon.printed("wait", target.name);
    },
    refused: withoutProgram(notRunning),
  },
  restarting: {
    options: ["--restart", "always"],
    program: ["sh", "-c", "echo up; exit 1"],
    // The pauses between the starts double, so that the last one outlasts the tests.
    bring: async (target) => {
      await start(target);
      const format = "{{.State.Status}} {{.RestartCount}}";
      await until(async () => {
        const [status, count] = (await target.daemon.printed("inspect", "-f", format, target.name)).split(
          " ",
        );
        return status === "restarting" && Number(count) >= 6;
      });
    },
    refused: withoutProgram(/is restarting, wait until the container is running/),
  },
};

daemonSuite("a way into a container", { obstacle: shellUnavailable, prepare: loadWays }, (daemon) => {
  describe.each(Object.entries(kinds))("of the kind: %s", (kind, settings) => {
    const { options, image = "ways:1", bring, refused = {}, ids = false } = settings;
    const name = kind.replaceAll(/[ ,]+/g, "-");
    const created = Promise.withResolvers<void>();
    let begun = false;
    async function ensureContainer(): Promise<Target> {
      const target = { daemon, name };
      if (!begun) {
        begun = true;
        const shared = options.includes("--ipc") ? [] : ["--ipc", "shareable"];
        const network = options.includes("--network") ? [] : none;
        const program = settings.program ?? ["sh", "-c", "echo up; exec cat"];
        const command = bring ? ["create"] : ["run", "-d"];
        const all = [...command, "-i", "--name", name, ...probed, ...shared, ...network, ...options];
        const brought = daemon.printed(...all, image, ...program).then(() => bring?.(target));
        brought.then(() => created.resolve(), created.reject);
      }
      await created.promise;
      return target;
    }
    test.each(Object.entries(ways))("%s", async (way, enter) => {
      if (ids && !hasRanges) return;
      const reason = refused[way as WayName];
      const { code, stderr } = await enter(await ensureContainer());
      if (reason === undefined) expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      else expect(`${code} ${stderr}`).toMatch(reason);
    });
  });

  /** Refusals of a container that has ended, was removed, or ends during the work. */
  const gone =
    /is not running|non running container|has exited|No such (container|exec instance)|cannot attach to a|no output|no probe|101 UPGRADED|has ended|died before it executed/;

  test.each(Object.entries(ways))("of a container that ends this very moment: %s", async (way, enter) => {
    for (let round = 0; round < endingRounds; round++) {
      const name = `ending-${round}-${way.replaceAll(" ", "-")}`;
      const program = ["sh", "-c", `echo up; sleep 0.0${round}; exit 3`];
      await daemon.printed(
        "run",
        "-d",
        "--name",
        name,
        ...none,
        ...probed,
        "--ipc",
        "shareable",
        "ways:1",
        ...program,
      );
      const { code, stderr } = await enter({ daemon, name });
      // A program in the container is killed with it.
      if (code !== 0 && code !== 137) expect(`${code} ${stderr}`).toMatch(gone);
      expect(await daemon.printed("wait", name)).toBe("3");
      await daemon.printed("rm", name);
    }
  });
});
