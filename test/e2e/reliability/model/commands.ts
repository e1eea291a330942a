import fc from "fast-check";
import { processesNamed } from "#test/support/processes.ts";
import { until } from "#test/support/until.ts";
import { describeModel, type Model, readModel, type System } from "./model.ts";
import { type ModelRequest, requests } from "./requests.ts";

type Command = fc.AsyncCommand<Model, System>;

/** Requests and faults in random order. */
export const commands: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 5 }, () => requests.map(asCommand)),
  requests.map(onFullDisk),
  fc.constant(killDaemon()),
  fc.constant(killZygote()),
];

function command(text: string, run: (model: Model, system: System) => Promise<void>): Command {
  return { check: () => true, run, toString: () => text };
}

function textOf({ method, path, body }: ModelRequest): string {
  return `${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`;
}

async function compare(model: Model, system: System): Promise<void> {
  const expected = describeModel(model);
  const actual = describeModel(await readModel(system));
  if (actual !== expected) throw new Error(`the daemon has\n${actual}\ninstead of\n${expected}`);
}

function asCommand(request: ModelRequest): Command {
  return command(textOf(request), async (model, system) => {
    const { method, path, body } = request;
    const response = await system.daemon.request(method, path, body);
    const text = await response.text();
    const expected = request.expect(model);
    if (response.status !== expected) {
      throw new Error(`${method} ${path}: ${response.status} ${text} instead of ${expected}`);
    }
    request.apply(model);
    await compare(model, system);
  });
}

/** Sends a request on a full disk: it succeeds, or fails and changes nothing. */
function onFullDisk(request: ModelRequest): Command {
  return command(`on a full disk: ${textOf(request)}`, async (model, system) => {
    const { method, path, body } = request;
    const expected = request.expect(model);
    let status: number;
    {
      using _ = system.fillDisk();
      const response = await system.daemon.request(method, path, body);
      await response.arrayBuffer();
      status = response.status;
    }
    if (status === expected) request.apply(model);
    else if (status < 500)
      throw new Error(`${method} ${path} on a full disk: ${status} instead of ${expected}`);
    // A start that fails may have made the volume, and leaves the container as it was.
    const found = await readModel(system);
    if (status !== expected) model.volumes = found.volumes;
    await compare(model, system);
  });
}

function killDaemon(): Command {
  return command("kill the daemon", async (model, system) => {
    await system.daemon.kill();
    await system.daemon.start();
    await compare(model, system);
  });
}

function killZygote(): Command {
  return command("kill the zygote", async (model, system) => {
    const { run } = system.daemon;
    const zygotes = processesNamed("tbox-zygote", run);
    for (const pid of zygotes) process.kill(pid, "SIGKILL");
    await until(() => processesNamed("tbox-zygote", run).every((pid) => !zygotes.includes(pid)));
    await compare(model, system);
  });
}
