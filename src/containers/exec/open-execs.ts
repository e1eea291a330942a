import { randomBytes } from "node:crypto";
import { invalidArgument, TboxError } from "#support/errors.ts";
import { sigkill } from "../request/signals.ts";
import type { ContainerServices } from "../services.ts";
import { type ContainerRecord, isRunning } from "../state/container-record.ts";
import { requireRunning } from "../state/require-running.ts";
import type { ExecRequest, Execs } from "./execs.ts";
import { createForgetting } from "./forget-execs.ts";
import { type ExecState, startExec } from "./start-exec.ts";

export function openExecs(services: ContainerServices): Execs {
  const states = new Map<string, ExecState>();
  const forget = createForgetting(states, {
    now: () => performance.now(),
    exists: (id) => services.records.withId(id) !== undefined,
  });
  return {
    create(container, request) {
      forget();
      return createExec(services, states, container, request);
    },
    get: (id) => findExec(services, states, id).record,
    running: (containerId) =>
      [...states.values()].flatMap(({ record }) =>
        record.running && record.containerId === containerId ? [record.id] : [],
      ),
    startable: (id) => requireStartable(services, states, id).record,
    async start(id, options) {
      const state = requireStartable(services, states, id);
      const container = findRunning(services, state.record.containerId);
      return startExec(services, state, container, options);
    },
    reportDetach(id) {
      const container = services.records.withId(findExec(services, states, id).record.containerId);
      if (container) services.notify("exec_detach", container, { execID: id });
    },
    kill: (id) => findExec(services, states, id).monitor?.signal(sigkill),
    resize(id, { columns, rows }) {
      const { monitor } = findExec(services, states, id);
      if (!monitor) throw new TboxError("conflict", `exec instance ${id} is not running`);
      monitor.resize(columns, rows);
    },
  };
}

type States = Map<string, ExecState>;

function createExec(
  services: ContainerServices,
  states: States,
  containerName: string,
  request: ExecRequest,
): string {
  if (request.Cmd.length === 0) throw invalidArgument("No exec command specified");
  const container = findRunning(services, containerName);
  const id = randomBytes(32).toString("hex");
  const record = { id, containerId: container.id, request, running: false, exitCode: undefined, pid: 0 };
  states.set(id, {
    record,
    containerStartedAt: container.state.startedAt,
    monitor: undefined,
    endedAt: undefined,
  });
  services.notify(`exec_create: ${request.Cmd.join(" ")}`, container, { execID: id });
  return id;
}

function findExec(services: ContainerServices, states: States, id: string): ExecState {
  const state = states.get(id);
  if (state && services.records.withId(state.record.containerId)) return state;
  states.delete(id);
  throw new TboxError("not-found", `No such exec instance: ${id}`);
}

function requireStartable(services: ContainerServices, states: States, id: string): ExecState {
  const state = findExec(services, states, id);
  const { containerId, running, exitCode } = state.record;
  if (running || exitCode !== undefined) {
    throw new TboxError("conflict", `exec instance ${id} has run already`);
  }
  const container = services.records.find(containerId);
  // An exec belongs to the run in which it was created.
  if (!isRunning(container) || container.state.startedAt !== state.containerStartedAt) {
    states.delete(id);
    throw new TboxError("not-found", `No such exec instance: ${id}`);
  }
  return state;
}

function findRunning(services: ContainerServices, name: string): ContainerRecord {
  const record = services.records.find(name);
  if (record.state.status === "paused") {
    throw new TboxError("conflict", `container ${record.name} is paused, unpause the container before exec`);
  }
  requireRunning(record);
  return record;
}
