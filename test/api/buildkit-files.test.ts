import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { statusCode } from "#buildkit/grpc/grpc-error.ts";
import { packet, packetType } from "#buildkit/protocol/files.ts";
import {
  diffCopy,
  type SentFile,
  serveDirectories,
  serveSession,
  solve,
} from "#test/support/buildkit-client.ts";
import { type BuildKitApi, built, dockerfile, failureOf, openBuildKitApi } from "./support/buildkit-api.ts";

let kit: BuildKitApi;
beforeEach(async () => {
  kit = await openBuildKitApi();
});
afterEach(() => kit[Symbol.asyncDispose]());

/** Sends a context and returns the directory that the builder saw, with its files as texts. */
async function sent(context: SentFile[]) {
  const { requested } = await kit.open("s", context);
  let directory = "";
  const files: Record<string, string> = {};
  kit.run = async function* ({ context: source }) {
    if (source.type === "prepared") directory = source.directory;
    for (const name of readdirSync(directory, { recursive: true, encoding: "buffer" })) {
      const path = Buffer.concat([Buffer.from(`${directory}/`), name]);
      const status = lstatSync(path);
      const link = status.isSymbolicLink() ? `-> ${readlinkSync(path)}` : "";
      files[name.toString("latin1")] = link || (status.isFile() ? readFileSync(path, "utf8") : "/");
    }
    yield built;
  };
  await solve(kit.client, { ref: `r${kit.requests.length}`, session: "s" });
  return { directory, files, requested: requested.filter((path) => path !== "Dockerfile") };
}

async function serveDirectoriesAgain(context: SentFile[]): Promise<string[]> {
  const served = serveDirectories({ dockerfile, context });
  await serveSession(kit.api.socket, { id: "next", services: new Map([[diffCopy, served.handler]]) });
  await solve(kit.client, { ref: "next", session: "next" });
  return served.requested;
}

describe("the files of a client", () => {
  test("become the build's context", async () => {
    const { files } = await sent([
      { path: "a", kind: "directory", mode: 0o755 },
      { path: "a/b", text: "inside" },
      { path: "link", kind: "link", link: "../../etc/passwd" },
    ]);
    expect(files).toEqual({ a: "/", "a/b": "inside", link: "-> ../../etc/passwd" });
  });

  test("keep their names, whatever bytes they have", async () => {
    const { files } = await sent([{ path: Buffer.from("b\xff", "latin1"), text: "x" }]);
    expect(files).toEqual({ "b\xff": "x" });
  });

  test("are sent again only if they have changed", async () => {
    const before: SentFile[] = [
      { path: "gone", text: "gone" },
      { path: "grown", text: "a" },
      { path: "same", text: "same" },
    ];
    expect((await sent(before)).requested).toEqual(["gone", "grown", "same"]);
    const served = serveDirectories({
      dockerfile,
      context: [
        { path: "grown", text: "abc" },
        { path: "same", text: "same" },
      ],
    });
    await serveSession(kit.api.socket, { id: "t", services: new Map([[diffCopy, served.handler]]) });
    let names: string[] = [];
    kit.run = async function* ({ context }) {
      if (context.type === "prepared") names = readdirSync(context.directory).sort();
      yield built;
    };
    await solve(kit.client, { ref: "second", session: "t" });
    expect(served.requested).toEqual(["Dockerfile", "grown"]);
    expect(names).toEqual(["grown", "same"]);
  });

  test("are the context after each of several builds, with and without changes", async () => {
    const all: SentFile[] = [
      { path: "a", text: "1" },
      { path: "d", kind: "directory", mode: 0o555 },
      { path: "d/b", text: "2" },
      { path: "z", text: "3" },
    ];
    const [a, d, b] = all as [SentFile, SentFile, SentFile];
    const rounds = [all, all, [a, d, b], [a, d, b], all, [{ ...a, text: "11" }, d, b], [], [a], all];
    for (const [round, context] of rounds.entries()) {
      const socket = await serveSession(kit.api.socket, {
        id: `round ${round}`,
        services: new Map([[diffCopy, serveDirectories({ dockerfile, context }).handler]]),
      });
      let found: string[] = [];
      kit.run = async function* ({ context: source }) {
        const directory = source.type === "prepared" ? source.directory : "";
        found = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
        found = found.map((path) => {
          const isFile = lstatSync(`${directory}/${path}`).isFile();
          return `${path} ${isFile ? readFileSync(`${directory}/${path}`, "utf8") : ""}`;
        });
        yield built;
      };
      await solve(kit.client, { ref: `round ${round}`, session: `round ${round}` });
      socket.destroy();
      expect(found).toEqual(context.map(({ path, text = "" }) => `${path} ${text}`));
    }
  });

  test("replace files of another kind", async () => {
    const first = await sent([
      { path: "x", kind: "directory", mode: 0o555 },
      { path: "x/y", text: "1" },
    ]);
    expect(first.files).toEqual({ x: "/", "x/y": "1" });
    const served = serveDirectories({ dockerfile, context: [{ path: "x", text: "file" }] });
    await serveSession(kit.api.socket, { id: "u", services: new Map([[diffCopy, served.handler]]) });
    let text = "";
    kit.run = async function* ({ context }) {
      if (context.type === "prepared") text = readFileSync(`${context.directory}/x`, "utf8");
      yield built;
    };
    await solve(kit.client, { ref: "second", session: "u" });
    expect(text).toBe("file");
  });

  test.each([
    ["a path that leads outside", [{ path: "../x", text: "x" }]],
    ["an absolute path", [{ path: "/x", text: "x" }]],
    [
      "a file below a link",
      [
        { path: "l", kind: "link", link: "/tmp" },
        { path: "l/x", text: "x" },
      ],
    ],
    ["a file without its directory", [{ path: "a/x", text: "x" }]],
    [
      "the same path twice",
      [
        { path: "x", text: "1" },
        { path: "x", text: "2" },
      ],
    ],
  ] satisfies [string, SentFile[]][])("%s is refused", async (_, context) => {
    await kit.open("bad", context);
    const error = await failureOf(solve(kit.client, { ref: "r", session: "bad" }));
    expect(error.message).toContain("the client sent an invalid path");
    expect(kit.requests).toEqual([]);
  });

  test("a file that changes while it is sent is sent again by the next build", async () => {
    const first = await sent([{ path: "x", text: "longer than listed", size: 3 }]);
    expect(first.files).toEqual({ x: "longer than listed" });
    const next = await serveDirectoriesAgain([{ path: "x", text: "new", size: 3 }]);
    expect(next).toContain("x");
  });

  test("thousands of files arrive", async () => {
    const many = Array.from(
      { length: 2_000 },
      (_, index): SentFile => ({
        path: `f${String(index).padStart(5, "0")}`,
        text: `${index}`,
      }),
    );
    const { files } = await sent(many);
    expect(Object.keys(files)).toHaveLength(2_000);
    expect(files.f01999).toBe("1999");
  }, 120_000);

  test("two builds at the same time have directories of their own", async () => {
    await kit.open("one", [{ path: "x", text: "1" }]);
    await kit.open("two", [{ path: "x", text: "2" }]);
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    kit.run = async function* ({ context }) {
      seen.push(context.type === "prepared" ? context.directory : "");
      if (seen.length === 2) gate.resolve();
      await gate.promise;
      yield built;
    };
    await Promise.all(["one", "two"].map((id) => solve(kit.client, { ref: id, session: id })));
    expect(new Set(seen).size).toBe(2);
  });

  test("a client that dies while it sends ends the build", async () => {
    const started = Promise.withResolvers<void>();
    const handler = serveDirectories({ dockerfile }).handler;
    const socket = await serveSession(kit.api.socket, {
      id: "dying",
      services: new Map([
        [
          diffCopy,
          async (call) => {
            if (call.metadata["dir-name"] === "dockerfile") return handler(call);
            await call.send(packet.encode({ type: packetType.stat }).subarray(0, 0));
            started.resolve();
            await new Promise(() => {});
          },
        ],
      ]),
    });
    const solving = failureOf(solve(kit.client, { ref: "r", session: "dying" }));
    await started.promise;
    socket.destroy();
    expect((await solving).code).toBe(statusCode.unavailable);
  });
});
