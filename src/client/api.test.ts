import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathTo, request } from "./api.ts";
import { forgetDirectory } from "./daemon/socket-owner.ts";
import { fetchLines } from "./endpoints.ts";

// A client refuses to run as root, and the tests may run as root.
const uid = spyOn(process, "getuid").mockReturnValue(process.geteuid?.() || 1000);
let directory: string;
let server: ReturnType<typeof Bun.serve>;
const saved = process.env.TBOX_RUN_DIR;

beforeAll(() => {
  directory = mkdtempSync(`${tmpdir()}/tbox-test-`);
  process.env.TBOX_RUN_DIR = directory;
  if (process.geteuid?.() === 0) chownSync(directory, 1000, 1000);
  server = Bun.serve({
    unix: `${directory}/tbox.sock`,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      if (pathname === "/missing") return Response.json({ message: "No such thing" }, { status: 404 });
      if (pathname === "/events") return new Response(lines());
      return Response.json({ path: pathname, search, body: await request.text() });
    },
  });
});
afterAll(async () => {
  uid.mockRestore();
  await server.stop(true);
  if (saved === undefined) delete process.env.TBOX_RUN_DIR;
  else process.env.TBOX_RUN_DIR = saved;
  rmSync(directory, { recursive: true });
});

/** Returns two objects, split in the middle of a character. */
function lines(): ReadableStream<Uint8Array> {
  const bytes = Buffer.from('{"a":"é"}\n\n{"b":2}');
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.subarray(0, 7));
      controller.enqueue(bytes.subarray(7));
      controller.close();
    },
  });
}

test("root is refused with the reason", async () => {
  uid.mockReturnValueOnce(0);
  await expect(request("GET", "/x")).rejects.toThrow("tbox runs as an ordinary user, not as root");
});

test("nothing is sent to a directory that other users can enter", async () => {
  chmodSync(directory, 0o755);
  forgetDirectory({ directory, name: "tbox.sock", path: `${directory}/tbox.sock` });
  const sent = request("POST", "/x", { json: { password: "secret" } });
  await expect(sent).rejects.toThrow(`refused to use ${directory}: other users can enter it: run chmod 700`);
  chmodSync(directory, 0o700);
});

describe("requests", () => {
  test("repeat a parameter for every value and leave out unset ones", async () => {
    const query = { a: ["1", "2 3"], b: undefined, c: "" };
    const answer = await request("POST", "/x", { query, json: { y: 1 } });
    expect(await answer.json()).toEqual({
      path: "/x",
      search: "?a=1&a=2+3&c=",
      body: '{"y":1}',
    });
  });

  test("throw the daemon's error", async () => {
    await expect(request("GET", "/missing")).rejects.toMatchObject({
      status: 404,
      code: "not-found",
      message: "No such thing",
    });
  });

  test("read one object a line", async () => {
    expect<unknown>(await Array.fromAsync(fetchLines("GET /events"))).toEqual([{ a: "é" }, { b: 2 }]);
  });
});

test("names in a path keep their slashes and colons only", () => {
  expect(pathTo("images", "localhost:5000/a b?c", "/json")).toBe("/images/localhost:5000/a%20b%3Fc/json");
});

test.each(["", "..", "../containers/a", "a/./b", "a//b"])("'%s' is not a name", (name) => {
  expect(() => pathTo("images", name)).toThrow(`invalid name: "${name}"`);
});
