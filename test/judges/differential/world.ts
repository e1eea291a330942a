import { busyboxLayer, dockerArchive } from "#test/support/images.ts";
import { type Engine, send } from "./step.ts";

/** Names of the images that both engines have at the start of every sequence. */
const images = ["base:latest", "full:latest"];

/** Loads the images into an engine. */
export async function prepare(engine: Engine): Promise<void> {
  const base = dockerArchive(
    { layers: [busyboxLayer()], config: { Cmd: ["sh"], Env: ["PATH=/bin", "FROM_IMAGE=1"] } },
    "base:latest",
  );
  const full = dockerArchive(
    {
      layers: [
        busyboxLayer(),
        [
          { path: "data", type: "directory" },
          { path: "data/file", content: "data" },
        ],
      ],
      config: {
        Cmd: ["echo", "up"],
        Env: ["PATH=/bin", "A=1", "B=two words"],
        User: "user",
        WorkingDir: "/work",
        Labels: { "of.image": "full", empty: "" },
        ExposedPorts: { "80/tcp": {}, "53/udp": {} },
        Volumes: { "/data": {} },
        StopSignal: "SIGINT",
        Healthcheck: { Test: ["CMD", "true"], Interval: 3_600_000_000_000 },
        OnBuild: ["RUN echo onbuild"],
      },
    },
    "full:latest",
  );
  for (const archive of [base, full]) {
    const step = { method: "POST", path: "/images/load", archive: Buffer.from(archive).toString("base64") };
    const { status } = await send(engine, step, 60_000);
    if (status !== 200) throw new Error(`${engine.name} does not load an image: ${status}`);
  }
  for (const name of images) {
    const { content } = await send(engine, { method: "GET", path: `/images/${name}/json` });
    const value = content.kind === "json" ? content.value : undefined;
    if (typeof value !== "object" || value === null || !("Id" in value)) throw new Error(`no ${name}`);
    engine.saved.set(name.replace(":latest", ""), String(value.Id));
  }
}

/** Removes everything but the images of `prepare`, and forgets saved ids. */
export async function reset(engine: Engine): Promise<void> {
  const kept = new Map([...engine.saved].filter(([name]) => images.includes(`${name}:latest`)));
  engine.saved.clear();
  for (const [name, id] of kept) engine.saved.set(name, id);
  for (const { Id } of await list(engine, "/containers/json?all=1"))
    await send(engine, { method: "DELETE", path: `/containers/${Id}?force=1&v=1` });
  // Docker's prune keeps networks that only configure others.
  for (const { Id, Name } of await list(engine, "/networks"))
    if (!["bridge", "host", "none"].includes(String(Name)))
      await send(engine, { method: "DELETE", path: `/networks/${Id}` });
  await send(engine, {
    method: "POST",
    path: `/volumes/prune?filters=${encodeURIComponent('{"all":["true"]}')}`,
  });
  await send(engine, { method: "POST", path: "/build/prune?all=1" });
  const present = await list(engine, "/images/json");
  for (const [name, id] of kept)
    if (
      !present.some(({ Id, RepoTags }) => Id === id && JSON.stringify(RepoTags).includes(`"${name}:latest"`))
    )
      await send(engine, { method: "POST", path: `/images/${id}/tag?repo=${name}&tag=latest` });
  const ids = [...kept.values()];
  for (let round = 0; round < 5; round++) {
    const extra = (await list(engine, "/images/json?all=1")).filter(({ Id }) => !ids.includes(String(Id)));
    if (extra.length === 0) break;
    for (const { Id } of extra) await send(engine, { method: "DELETE", path: `/images/${Id}?force=1` });
  }
  for (const { Id, RepoTags } of await list(engine, "/images/json"))
    for (const tag of Array.isArray(RepoTags) ? RepoTags : [])
      if (!images.includes(tag) && ids.includes(String(Id)))
        await send(engine, { method: "DELETE", path: `/images/${tag}` });
}

async function list(engine: Engine, path: string): Promise<Record<string, unknown>[]> {
  const { content } = await send(engine, { method: "GET", path });
  return content.kind === "json" && Array.isArray(content.value) ? content.value : [];
}
