import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { docker, dockerUnavailable } from "#test/support/docker.ts";
import { registryUnavailable, startRegistry } from "#test/support/registry.ts";
import { programUnavailable } from "#test/support/user.ts";
import { loadImage } from "../support/images.ts";

const results = [
  {
    name: "debian",
    description: "Debian is a Linux distribution that is composed entirely of free software",
    star_count: 5000,
    is_official: true,
  },
  { name: "someone/debian", description: "Another", star_count: 3, is_official: false, is_automated: true },
];

/** Starts a server with Docker Hub's search. */
function startSearch() {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname !== "/v1/search") return new Response("", { status: 404 });
      asked.push(String(searchParams));
      return Response.json({ num_results: results.length, query: searchParams.get("q"), results });
    },
  });
  return { asked, host: `127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
}

daemonSuite("search", { obstacle: programUnavailable }, (daemon) => {
  const search = async (...args: string[]) => {
    const { stdout, stderr } = await daemon.tbox(["search", ...args]);
    return stdout + stderr;
  };

  test("asks a registry with Docker Hub's search, and shows its results like Docker", async () => {
    await using server = startSearch();
    expect(await search(`${server.host}/debian`)).toBe(
      [
        "NAME             DESCRIPTION                                     STARS     OFFICIAL",
        "debian           Debian is a Linux distribution that is compo…   5000      [OK]",
        "someone/debian   Another                                         3         ",
        "",
      ].join("\n"),
    );
    expect(
      await search("--limit", "7", "--format", "{{.Name}} {{.StarCount}}", `${server.host}/debian`),
    ).toBe("debian 5000\nsomeone/debian 3\n");
    expect(server.asked).toEqual(["q=debian&n=25", "q=debian&n=7"]);
  });

  test("filters results", async () => {
    await using server = startSearch();
    const named = (...filters: string[]) =>
      search("--format", "{{.Name}}", ...filters.flatMap((one) => ["-f", one]), `${server.host}/debian`);
    expect(await named("is-official=true")).toBe("debian\n");
    expect(await named("is-official=false")).toBe("someone/debian\n");
    expect(await named("stars=4")).toBe("debian\n");
    expect(await named("is-automated=true")).toBe("");
    expect(await named("stars=x")).toContain("invalid filter 'stars=x'");
    expect(await named("nope=x")).toContain("invalid filter 'nope'");
  });

  test.skipIf(registryUnavailable !== undefined)(
    "looks through the repositories of any other registry",
    async () => {
      const me = { username: "me", password: "secret" };
      await using registry = await startRegistry(me);
      const login = ["login", "-u", me.username, "--password-stdin", registry.host];
      await daemon.tbox(login, { stdin: `${me.password}\n` });
      await loadImage(daemon, "own:1", { layers: [[{ path: "f", content: "x" }]] });
      for (const name of ["team/app", "team/base", "other"]) {
        await daemon.tbox(["tag", "own:1", `${registry.host}/${name}`]);
        await daemon.tbox(["push", "-q", `${registry.host}/${name}`]);
      }
      const found = `${registry.host}/team/app\n${registry.host}/team/base\n`;
      expect(await search("--format", "{{.Name}}", `${registry.host}/team`)).toBe(found);
      expect(await search("--format", "{{.Name}}", "--limit", "1", `${registry.host}/team`)).toBe(
        `${registry.host}/team/app\n`,
      );
      await daemon.tbox(["logout", registry.host]);
      expect(await search(`${registry.host}/team`)).toContain(`cannot search ${registry.host}`);
    },
  );

  test.skipIf(dockerUnavailable !== undefined)("serves Docker's CLI", async () => {
    await using server = startSearch();
    const { stdout } = await docker(daemon.socket, [
      "search",
      "--format",
      "{{.Name}}",
      `${server.host}/debian`,
    ]);
    expect(stdout).toBe("debian\nsomeone/debian\n");
  });
});

daemonSuite("manifest inspect", { obstacle: programUnavailable ?? registryUnavailable }, (daemon) => {
  test("shows the manifest in the registry, with -v also its name, digest and platform", async () => {
    await using registry = await startRegistry();
    const name = `${registry.host}/team/app:1`;
    await loadImage(daemon, name, { layers: [[{ path: "f", content: "x" }]] });
    await daemon.tbox(["push", "-q", name]);
    const { stdout } = await daemon.tbox(["manifest", "inspect", name]);
    const stored = await fetch(`http://${registry.host}/v2/team/app/manifests/1`, {
      headers: { Accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    const manifest = await stored.json();
    expect(stdout).toBe(`${JSON.stringify(manifest, undefined, "\t")}\n`);
    const { stdout: verbose } = await daemon.tbox(["manifest", "inspect", "-v", name]);
    expect(JSON.parse(verbose)).toMatchObject({
      Ref: name,
      Descriptor: {
        digest: stored.headers.get("Docker-Content-Digest"),
        platform: { os: "linux", architecture: process.arch === "x64" ? "amd64" : process.arch },
      },
      OCIManifest: manifest,
    });
    const index = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [JSON.parse(verbose).Descriptor],
    };
    await fetch(`http://${registry.host}/v2/team/app/manifests/all`, {
      method: "PUT",
      headers: { "Content-Type": index.mediaType },
      body: JSON.stringify(index),
    });
    const { stdout: all } = await daemon.tbox(["manifest", "inspect", "-v", `${registry.host}/team/app:all`]);
    expect(JSON.parse(all)).toMatchObject([{ OCIManifest: manifest, Descriptor: index.manifests[0] }]);
    const missing = await daemon.tbox(["manifest", "inspect", `${registry.host}/team/none:1`]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("team/none");
  });
});
