import { exchange } from "./exchange.ts";
import { type Content, readContent } from "./read-content.ts";

/** One request that both engines receive. `{name}` in a path or a text of the body is replaced with a saved id. */
export interface Step {
  method: string;
  path: string;
  body?: unknown;
  /** A body that is not JSON, in base64. */
  archive?: string;
  headers?: Record<string, string>;
  /** Text that is printed instead of the archive. */
  note?: string;
  /** Name under which the `Id` of the answer is saved. */
  save?: string;
}

export interface Result {
  status: number;
  headers: Record<string, string>;
  content: Content;
  unfinished: boolean;
}

/** One of the two engines, with the ids that its answers contained. */
export interface Engine {
  name: string;
  socket: string;
  /** Saved ids by name. */
  saved: Map<string, string>;
}

const patience = 8_000;

/** Sends a step to an engine, and waits until its effect on a container has settled. */
export async function play(engine: Engine, step: Step): Promise<Result> {
  const result = await send(engine, step);
  if (step.save !== undefined) {
    const id = idIn(result.content);
    if (id !== undefined) engine.saved.set(step.save, id);
  }
  await settle(engine, step, result);
  return result;
}

/** Sends a request and reads the answer. */
export async function send(engine: Engine, step: Step, milliseconds = patience): Promise<Result> {
  const fill = (text: string) =>
    text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => engine.saved.get(name) ?? whole);
  const json = step.body === undefined ? undefined : Buffer.from(fill(JSON.stringify(step.body)));
  const body = step.archive === undefined ? json : Buffer.from(step.archive, "base64");
  const type = step.archive === undefined ? "application/json" : "application/x-tar";
  const headers = { ...(body === undefined ? {} : { "Content-Type": type }), ...step.headers };
  const answer = await exchange(
    engine.socket,
    { method: step.method, path: fill(step.path), headers, body },
    milliseconds,
  );
  const { status, unfinished } = answer;
  return { status, headers: answer.headers, content: await readContent(answer), unfinished };
}

function idIn(content: Content): string | undefined {
  const values = content.kind === "lines" ? content.values : content.kind === "json" ? [content.value] : [];
  return values.map(idOf).findLast((id) => id !== undefined);
}

function idOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("Id" in value && typeof value.Id === "string") return value.Id;
  if ("aux" in value && typeof value.aux === "object" && value.aux !== null && "ID" in value.aux)
    return String(value.aux.ID);
  return "status" in value && /^sha256:/.test(String(value.status)) ? String(value.status) : undefined;
}

/** Waits until a started container has ended or printed `up`, and until a signalled one has ended. */
async function settle(engine: Engine, step: Step, { status }: Result): Promise<void> {
  const [, container, action] = /^\/(?:v[\d.]+\/)?containers\/([^/?]+)\/(\w+)/.exec(step.path) ?? [];
  if (container === undefined || step.method !== "POST" || status >= 400) return;
  const running = async () => {
    const { content } = await send(engine, { method: "GET", path: `/containers/${container}/json` });
    return content.kind === "json" && /"Running":true/.test(JSON.stringify(content.value));
  };
  const up = async () => {
    const path = `/containers/${container}/logs?stdout=1&stderr=1`;
    const { content } = await send(engine, { method: "GET", path });
    return JSON.stringify(content).includes("up\\n");
  };
  if (action === "start" || action === "restart")
    await within(2_000, async () => !(await running()) || (await up()));
  if (action === "kill") await within(300, async () => !(await running()));
}

async function within(milliseconds: number, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end && !(await holds())) await Bun.sleep(10);
}
