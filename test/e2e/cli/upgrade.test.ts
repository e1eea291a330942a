import { afterAll, expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import manifest from "../../../package.json" with { type: "json" };

const versions = `program  ${manifest.version}\ndaemon   ${manifest.version}\n`;

/** A release feed whose answer the tests choose. */
const feed = { answer: () => Response.json({}), asked: 0 };
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch() {
    feed.asked++;
    return feed.answer();
  },
});
afterAll(() => server.stop(true));

daemonSuite("tbox upgrade --check without a release feed", {}, (daemon) => {
  test("shows both versions and how to configure a feed", async () => {
    expect(await daemon.printed("upgrade", "--check")).toBe(
      `${versions}newest   unknown: set "release-feed" in ~/.config/tbox/config.json`,
    );
  });

  test("upgrade without --check replaces nothing and says what does", async () => {
    const { code, stderr } = await daemon.tbox(["upgrade"]);
    expect(code).toBe(1);
    expect(stderr).toContain("install the package of the newer version");
  });
});

const configuration = { "release-feed": server.url.href };
daemonSuite("tbox upgrade --check with a release feed", { configuration }, (daemon) => {
  test("only the command asks the feed", async () => {
    feed.answer = () => Response.json({ tag_name: "v99.0.0" });
    await daemon.printed("doctor").catch(() => {});
    await daemon.printed("version");
    await daemon.printed("info");
    expect(feed.asked).toBe(0);
    await daemon.printed("upgrade", "--check");
    expect(feed.asked).toBe(1);
  });

  test.each([
    [{ tag_name: "v99.0.0" }, "newest   99.0.0\nA newer release is available."],
    [{ name: "tbox", version: manifest.version }, `newest   ${manifest.version}\nNo newer release`],
    [{ version: "0.0.1" }, "newest   0.0.1\nNo newer release is available."],
  ])("compares the versions with %j", async (answer, expected) => {
    feed.answer = () => Response.json(answer);
    expect(await daemon.printed("upgrade", "--check")).toStartWith(versions + expected);
  });

  test.each([
    ["an error", () => new Response("", { status: 404 }), "it answered 404"],
    ["text", () => new Response("<html>"), "its answer has no version"],
    ["a version with a control character", () => Response.json({ version: "1.0.0\x1b[2J" }), "no version"],
  ])("%s as the answer is an error that names the feed", async (_, answer, reason) => {
    feed.answer = answer;
    const { code, stderr } = await daemon.tbox(["upgrade", "--check"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`read the release feed ${server.url.href}`);
    expect(stderr).toContain(reason);
  });
});
