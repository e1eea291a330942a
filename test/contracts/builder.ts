import { expect, test } from "bun:test";
import { buffer } from "node:stream/consumers";
import type { BuildEvent, Builder, BuildRequest } from "#builds/builder.ts";
import { DockerfileError } from "#builds/dockerfile/dockerfile-error.ts";
import { parseReference } from "#oci/reference.ts";
import type { RealContainers } from "./support/containers-subject.ts";
import { containersSuite } from "./support/containers-suite.ts";
import { errorOf } from "./support/error-of.ts";

const limits = { reserved: 0, most: 0, free: 0 };

/** Declares the guarantee of a finished build, which fakes keep too. */
export function describeFinishedBuild(
  title: string,
  open: () => Promise<AsyncDisposable & { builder: Builder }>,
): void {
  test(`${title}: a build ends with the image and its names`, async () => {
    await using subject = await open();
    const request = { ...requestFor("FROM scratch\nCMD x"), tags: [parseReference("made:1")] };
    const events = await Array.fromAsync(subject.builder.build(request));
    expect(events.at(-1)).toEqual({
      type: "built",
      image: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      tags: ["made:1"],
      existed: false,
    });
  });
}

/** Declares the guarantees of a builder. */
export function describeBuilder(name: string, open: () => Promise<RealContainers>): void {
  containersSuite(name, open, (subject) => {
    const builder = () => subject().engine.builder;
    const build = (text: string, request: Partial<BuildRequest> = {}): Promise<BuildEvent[]> =>
      Array.fromAsync(builder().build({ ...requestFor(text), ...request }));

    test("a build ends with the image and its names", async () => {
      const events = await build("FROM busybox:1\nRUN echo text >/made\nUSER app", {
        tags: [parseReference("made:1")],
      });
      const image = await subject().engine.images.resolve("made:1");
      expect(events.at(-1)).toEqual({ type: "built", image: image.id, tags: ["made:1"], existed: false });
      expect(image.config.config?.User).toBe("app");
      expect(events).toContainEqual(expect.objectContaining({ type: "started" }));
    });

    test("the same build returns the same image from the cache", async () => {
      const text = "FROM busybox:1\nRUN date +%N >/moment";
      const [first, second] = [await build(text), await build(text)];
      const resultOf = (events: BuildEvent[]) => {
        const last = events.at(-1);
        return last?.type === "built" ? last : undefined;
      };
      expect(resultOf(second)?.image).toEqual(resultOf(first)?.image);
      expect([resultOf(first)?.existed, resultOf(second)?.existed]).toEqual([false, true]);
      const cached = second.filter((event) => event.type === "finished").map((event) => event.cached);
      expect(cached).toContain(true);
      expect(cached).not.toContain(false);
    });

    test("noCache runs every step again", async () => {
      const text = "FROM busybox:1\nRUN echo again >/again";
      await build(text);
      const events = await build(text, { noCache: true });
      expect(events).toContainEqual(expect.objectContaining({ type: "finished", cached: false }));
    });

    test("an error has its lines in the Dockerfile", async () => {
      const error = await errorOf(build("FROM busybox:1\nUSER app\nCOPI a b"));
      expect(error).toBeInstanceOf(DockerfileError);
      expect(error).toMatchObject({ lines: { start: 3, end: 3 } });
    });

    test("a failing step fails the build, and the name keeps its image", async () => {
      const tags = [parseReference("kept:1")];
      await build("FROM busybox:1\nUSER one", { tags });
      const before = subject().engine.images.findId("kept:1");
      expect(await errorOf(build("FROM busybox:1\nRUN exit 3", { tags }))).toBeInstanceOf(DockerfileError);
      expect(subject().engine.images.findId("kept:1")).toBe(before);
    });

    test("a check ends with the number of findings and builds nothing", async () => {
      const tags = [parseReference("checked:1")];
      const events = await build("FROM busybox:1\nRUN touch /x", { checkOnly: true, tags });
      expect(events.at(-1)).toEqual({ type: "checked", findings: 0 });
      expect(subject().engine.images.findId("checked:1")).toBeUndefined();
    });

    test("a build ends when its signal aborts", async () => {
      const abort = new AbortController();
      const events = builder().build({
        ...requestFor("FROM busybox:1\nRUN sleep 600"),
        signal: abort.signal,
      });
      const reading = (async () => {
        for await (const event of events) if (event.type === "running") abort.abort();
      })();
      expect(await errorOf(reading)).toBeInstanceOf(Error);
      expect(subject().containers.queries.list({ all: true, filters: new Map() })).toEqual([]);
    });

    test("files exports the root file system of an image", async () => {
      await build("FROM busybox:1\nRUN echo text >/made", { tags: [parseReference("made:1")] });
      const archive = (await buffer(builder().files("made:1"))).toString("latin1");
      expect(archive).toContain("made\0");
      expect(archive).toContain("bin/busybox\0");
    });

    test("usage lists the cached steps, and prune deletes them", async () => {
      await build("FROM busybox:1\nRUN echo cached >/cached");
      expect((await builder().usage()).length).toBeGreaterThan(0);
      const options = { ...limits, all: true, filters: new Map() };
      expect((await builder().prune(options)).ids.length).toBeGreaterThan(0);
      expect(await builder().usage()).toEqual([]);
      const events = await build("FROM busybox:1\nRUN echo cached >/cached");
      expect(events).toContainEqual(expect.objectContaining({ type: "finished", cached: false }));
    });

    test("prune refuses an unknown filter and deletes nothing", async () => {
      await build("FROM busybox:1\nRUN echo cached >/cached");
      const before = (await builder().usage()).length;
      const options = { ...limits, all: true, filters: new Map([["colour", ["red"]]]) };
      expect(await errorOf(builder().prune(options))).toMatchObject({ code: "invalid-argument" });
      expect(await builder().usage()).toHaveLength(before);
    });
  });
}

function requestFor(dockerfileText: string): BuildRequest {
  return {
    context: { type: "none" },
    dockerfile: "Dockerfile",
    dockerfileText,
    tags: [],
    checkOnly: false,
    arguments: {},
    labels: {},
    annotations: {},
    noCache: false,
    squash: false,
    pull: false,
    network: "none",
    extraHosts: [],
    shmSize: 0,
    ulimits: [],
    resources: {},
    contexts: new Map(),
    secret: () => undefined,
    agent: () => undefined,
    cacheFrom: { names: [], only: false },
    inlineCache: false,
    noCacheStages: [],
    progress: "live",
    allowHostNetwork: false,
    credentials: () => undefined,
    signal: new AbortController().signal,
  };
}
