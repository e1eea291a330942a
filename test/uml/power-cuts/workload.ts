import type { TestDaemon } from "#test/support/daemon.ts";
import { startImageServer } from "#test/support/image-server.ts";
import { buildImage, dockerArchive } from "#test/support/images.ts";
import { writeContext } from "../../e2e/support/build.ts";
import { contentOf, printedBy, sourceOf } from "./content.ts";
import { tell } from "./messages.ts";
import type { RecordStep } from "./recorder.ts";

export interface WorkOptions {
  /** Number of this boot; part of the name of each object. */
  generation: string;
  /** Objects that the store has already, with their values. */
  found: ReadonlyMap<string, string>;
  record: RecordStep;
}

/** Milliseconds after which a change of a container survives a loss of power, with a margin. */
const containerDelay = 3000;

/** Objects of one kind that a client makes and removes. */
interface Client {
  /** Prefix of the objects, such as `image|loaded`. */
  prefix: string;
  /** Makes an object; returns its name. */
  make(label: string): Promise<string>;
  remove(name: string): Promise<unknown>;
}

/** Changes a store with several clients at the same time, for ever. */
export async function work(daemon: TestDaemon, options: WorkOptions): Promise<void> {
  const { generation, found } = options;
  const commands = openCommands(daemon, options.record);
  if (!found.has("image|kept:1")) {
    await commands.set(
      "image|kept:1",
      printedBy("kept"),
      ["load"],
      dockerArchive(sourceOf("kept"), "kept:1"),
    );
  }
  const clients = [...imageClients(commands), ...otherClients(commands, new Set(found.keys()))];
  await Promise.all(
    clients.map(async ({ prefix, make, remove }) => {
      const kind = prefix.slice(0, prefix.indexOf("|") + 1);
      const names = [...found.keys()]
        .filter((object) => object.startsWith(prefix))
        .map((object) => object.slice(kind.length));
      for (let round = 0; ; round++) {
        names.push(await make(`${generation}.${round}`));
        const oldest = names.length > 2 ? names.shift() : undefined;
        if (oldest !== undefined) await remove(oldest);
      }
    }),
  );
}

function imageClients({ set }: Commands): Client[] {
  const server = startImageServer();
  const remove = (name: string) => set(`image|${name}`, "", ["rmi", name]);
  return [
    {
      prefix: "image|127.0.0.1",
      async make(label) {
        server.publish(label, buildImage(sourceOf(label)));
        const name = `${server.host}/app:${label}`;
        await set(`image|${name}`, printedBy(label), ["pull", "-q", name]);
        return name;
      },
      remove,
    },
    {
      prefix: "image|loaded",
      async make(label) {
        const name = `loaded:${label}`;
        await set(`image|${name}`, printedBy(name), ["load", "-q"], dockerArchive(sourceOf(name), name));
        return name;
      },
      remove,
    },
    {
      prefix: "image|built",
      async make(label) {
        const name = `built:${label}`;
        using context = writeContext({
          Dockerfile: "FROM kept:1\nCOPY own big /\nRUN cat /own > /copy\n",
          own: `${name}\n`,
          big: contentOf(name),
        });
        await set(`image|${name}`, printedBy(name), ["build", "-q", "-t", name, context.path]);
        await set("image|moving:1", printedBy(name), ["tag", name, "moving:1"]);
        return name;
      },
      remove,
    },
  ];
}

function otherClients({ set, settle, begin, run }: Commands, present: Set<string>): Client[] {
  return [
    {
      prefix: "container|committed",
      async make(label) {
        const name = `committed-${label}`;
        const script = `echo ${name} > /own; exit 3`;
        // A cut may come before the start, while the program runs, or after it.
        begin(`container|${name}`, "created-0", "running-0", "exited-255", "exited-3");
        await run(["run", "-d", "--name", name, "--network", "none", "kept:1", "sh", "-c", script]);
        await run(["wait", name]);
        settle(`container|${name}`, "exited-3");
        await set(`image|of-${name}:1`, printedBy(name, "kept"), ["commit", name, `of-${name}:1`]);
        present.add(`image|of-${name}:1`);
        return name;
      },
      async remove(name) {
        begin(`container|${name}`, "");
        await run(["rm", "-f", name]);
        settle(`container|${name}`, "");
        // The cut before may have prevented the commit.
        if (present.has(`image|of-${name}:1`)) await set(`image|of-${name}:1`, "", ["rmi", `of-${name}:1`]);
      },
    },
    {
      prefix: "volume|",
      async make(label) {
        const name = `volume-${label}`;
        await set(`volume|${name}`, "empty", ["volume", "create", name]);
        const script = `echo ${name} | dd of=/v/file conv=fsync 2>/dev/null`;
        const options = ["--rm", "--network", "none", "-v", `${name}:/v`];
        await set(`volume|${name}`, name, ["run", ...options, "kept:1", "sh", "-c", script]);
        return name;
      },
      remove: (name) => set(`volume|${name}`, "", ["volume", "rm", name]),
    },
    {
      prefix: "network|",
      async make(label) {
        const name = `network-${label}`;
        await set(`network|${name}`, "there", ["network", "create", name]);
        return name;
      },
      remove: (name) => set(`network|${name}`, "", ["network", "rm", name]),
    },
  ];
}

interface Commands {
  run(args: string[], stdin?: Uint8Array): Promise<void>;
  /** Records that an object is about to have one of these values. */
  begin(object: string, ...values: string[]): void;
  /** Gives an object a value by a command, and records both moments. */
  set(object: string, value: string, args: string[], stdin?: Uint8Array): Promise<void>;
  /** Records some time later that an object has a value, unless something else happens to the object before. */
  settle(object: string, value: string): void;
}

function openCommands(daemon: TestDaemon, record: RecordStep): Commands {
  const timers = new Map<string, Timer>();
  const commands: Commands = {
    async run(args, stdin) {
      const { code, stderr } = await daemon.tbox(args, stdin === undefined ? {} : { stdin });
      if (code !== 0) tell({ kind: "fault", text: `${args.join(" ")}: exit status ${code}: ${stderr}` });
    },
    begin(object, ...values) {
      clearTimeout(timers.get(object));
      for (const value of values) record({ kind: "begin", object, value });
    },
    async set(object, value, args, stdin) {
      commands.begin(object, value);
      await commands.run(args, stdin);
      record({ kind: "done", object, value });
    },
    settle(object, value) {
      timers.set(
        object,
        setTimeout(() => record({ kind: "done", object, value }), containerDelay),
      );
    },
  };
  return commands;
}
