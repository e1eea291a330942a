import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { Duplex } from "node:stream";
import type { Containers } from "#containers/containers.ts";
import type { CreateRequest } from "#containers/request/create-request.ts";
import type { AttachOptions } from "#containers/streams/attach.ts";
import type { Engine } from "#engine/engine.ts";
import { openEngine } from "#engine/open-engine.ts";
import { parseReference } from "#oci/reference.ts";
import { fakeContainers } from "#test/api/support/fake-containers.ts";
import { createFakeStore } from "#test/api/support/fake-state.ts";
import { busyboxLayer, busyboxUnavailable } from "#test/support/images.ts";
import { killTrees, processesMentioning } from "#test/support/processes.ts";
import { plainRegistry } from "#test/support/registry-options.ts";
import { tar } from "#test/support/tar.ts";
import { temporaryDirectory } from "#test/support/temp.ts";
import { programUnavailable } from "#test/support/user.ts";

/** Reason why real containers cannot run here; undefined when they can. */
export const containersUnavailable: string | undefined = programUnavailable ?? busyboxUnavailable;

/** Containers of a store without any, and requests for containers of known behaviour. */
export interface ContainersSubject extends AsyncDisposable {
  containers: Containers;
  /** Prints `out` to stdout and `err` to stderr, and exits with 7. */
  ending: CreateRequest;
  /** Prints `ready`, waits for a line of input, prints it and exits with 3. SIGTERM ends it. */
  waiting: CreateRequest;
  /** Cannot start: its program does not exist. */
  broken: CreateRequest;
}

/** Real containers with the engine that they are part of. */
export interface RealContainers extends ContainersSubject {
  engine: Engine;
  /** Root directory of the store. */
  store: string;
  /** Name of the containers' image. */
  image: string;
}

export async function openRealContainers(): Promise<RealContainers> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(temporaryDirectory("engine"));
  const [data, run] = [`${directory.path}/data`, `${directory.path}/run`];
  for (const path of [data, run]) mkdirSync(path, { mode: 0o700 });
  opened.defer(() => killTrees(processesMentioning(run)));
  const engine = opened.use(
    await openEngine({
      dataDirectory: data,
      runDirectory: run,
      registry: plainRegistry,
      limits: "warn",
      containers: { noNewPrivileges: false },
      builds: { reserved: 0, most: 0, free: 0 },
      environment: { PATH: process.env.PATH },
    }),
  );
  const image = "busybox:1";
  await engine.images.import(new Blob([new Uint8Array(tar(busyboxLayer()))]).stream(), {
    reference: parseReference(image),
    changes: [],
    message: "",
    signal: new AbortController().signal,
  });
  const shell = (script: string): CreateRequest => ({ Image: image, Cmd: ["sh", "-c", script] });
  const owned = opened.move();
  return {
    engine,
    store: data,
    image,
    containers: engine.containers,
    ending: shell("echo out; echo err >&2; exit 7"),
    waiting: {
      ...shell("trap 'exit 5' TERM; echo ready; read line; echo $line; exit 3"),
      OpenStdin: true,
      AttachStdin: true,
    },
    broken: { Image: image, Cmd: ["/no/such/program"] },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export async function openFakeContainers(): Promise<ContainersSubject> {
  const store = createFakeStore();
  store.programs.ending = async ({ write }) => {
    await write("stdout", "out\n");
    await write("stderr", "err\n");
    return 7;
  };
  store.programs.waiting = async ({ input, write }) => {
    await write("stdout", "ready\n");
    for await (const line of input) {
      await write("stdout", line);
      return 3;
    }
    return new Promise(() => {});
  };
  return {
    containers: fakeContainers(store),
    ending: { Image: "image", Cmd: ["ending"] },
    waiting: { Image: "image", Cmd: ["waiting"], OpenStdin: true, AttachStdin: true },
    broken: { Image: "image", Cmd: ["/no/such/program"] },
    [Symbol.asyncDispose]: async () => {},
  };
}

const everything: AttachOptions = {
  stdin: true,
  stdout: true,
  stderr: true,
  logs: false,
  stream: true,
  framing: "raw",
};

/** Connects to all streams of a container, without frames. */
export function attach({ containers }: ContainersSubject, name: string): Promise<Duplex> {
  return containers.streams.attach(name, everything);
}

/** Returns the text of a stream up to its end. */
export async function textOf(stream: Duplex): Promise<string> {
  let text = "";
  stream.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  await once(stream, "end");
  return text;
}

/** Creates and starts a container that waits for input; resolves when its program runs. */
export async function startWaiting(
  subject: ContainersSubject,
  name: string,
): Promise<{ id: string; stream: Duplex }> {
  const { lifecycle } = subject.containers;
  const { id } = await lifecycle.create(subject.waiting, { name });
  const stream = await attach(subject, name);
  const ready = once(stream, "data");
  await lifecycle.start(name);
  await ready;
  return { id, stream };
}
