import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { isOfThisMachine } from "./addresses.ts";
import { type DownloadOptions, openDownload } from "./open-download.ts";
import { reachOfNamed } from "./reach.ts";

const open = (address: string, options: Partial<DownloadOptions> = {}) =>
  openDownload(address, { reach: "any", limit: 1000, signal: AbortSignal.timeout(10_000), ...options });

async function bytesAt(address: string, options: Partial<DownloadOptions> = {}): Promise<Buffer> {
  const { body } = await open(address, options);
  return Buffer.concat(await Array.fromAsync(body));
}

function serve(handle: (request: Request) => Response) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handle });
  return { base: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
}

test.each([
  "127.0.0.1",
  "127.8.8.8",
  "0.0.0.0",
  "169.254.169.254",
  "::1",
  "::",
  "fe80::1",
  "::ffff:127.0.0.1",
  "::ffff:a9fe:a9fe",
  "64:ff9b::7f00:1",
  "localhost",
  "x.localhost",
  "LOCALHOST.",
])("%s is this machine", (host) => {
  expect(isOfThisMachine(host)).toBe(true);
});

test.each(["192.0.2.1", "10.0.0.1", "2001:db8::1", "example.com", "::ffff:192.0.2.1"])(
  "%s is another machine",
  (host) => {
    expect(isOfThisMachine(host)).toBe(false);
  },
);

test("a download for a container reaches no loopback service, by any spelling", async () => {
  await using server = serve(() => new Response("secret"));
  const { port } = new URL(server.base);
  for (const host of ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0"]) {
    const refused = open(`http://${host}:${port}/`, { reach: "other-machines" });
    expect(refused).rejects.toThrow("is not allowed: it is a loopback or link-local address");
    await refused.catch(() => {});
  }
  expect((await bytesAt(server.base)).toString()).toBe("secret");
  expect(reachOfNamed(server.base)).toBe("any");
  expect(reachOfNamed("http://example.com/")).toBe("other-machines");
});

test("each redirect is judged, and only http and https are followed", async () => {
  await using server = serve(({ url }) => {
    const path = new URL(url).pathname;
    if (path === "/end") return new Response("end");
    if (path === "/loop") return Response.redirect("/loop");
    return Response.redirect(path === "/file" ? "file:///etc/passwd" : "/end");
  });
  expect((await bytesAt(`${server.base}/`)).toString()).toBe("end");
  await expect(open(`${server.base}/loop`)).rejects.toThrow("more than 10 redirects");
  await expect(open(`${server.base}/file`)).rejects.toThrow("is not an http or https address");
});

test("the body is what the server sent, within the limit", async () => {
  const compressed = gzipSync(Buffer.alloc(100_000));
  await using server = serve(({ url }) => {
    const headers = { "Content-Encoding": "gzip" };
    if (!url.endsWith("/endless")) return new Response(compressed, { headers });
    return new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(100)),
      }),
    );
  });
  expect(await bytesAt(server.base)).toEqual(compressed);
  await expect(bytesAt(server.base, { limit: 10 })).rejects.toThrow("larger than 10 bytes");
  await expect(bytesAt(`${server.base}/endless`)).rejects.toThrow("larger than 1000 bytes");
});

test("a status other than 2xx is an error", async () => {
  await using server = serve(() => new Response("", { status: 403 }));
  await expect(open(server.base)).rejects.toThrow("the server answered 403");
});
