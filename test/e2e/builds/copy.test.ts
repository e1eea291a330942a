import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { tar } from "#test/support/tar.ts";
import { build, builtOutput, type ContextFiles, writeContext } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [
    { path: "etc/passwd", content: "root:x:0:0::/:/bin/sh\nu:x:1000:1001::/:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\ng:x:2000:\n" },
    { path: "existing", type: "directory", mode: 0o711, uid: 5, gid: 6 },
    { path: "opt/o", type: "directory" },
    { path: "link", type: "symlink", target: "/opt/o" },
    { path: "linked", type: "symlink", target: "bin" },
    { path: "file", content: "old" },
    { path: "tofile", type: "symlink", target: "file" },
  ]);
}

daemonSuite("COPY and ADD", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const output = (script: string, lines: string[], files: ContextFiles = {}, ...options: string[]) =>
    builtOutput(daemon, script, ["FROM box:1", ...lines, ""].join("\n"), files, ...options);
  const failure = async (lines: string[], files: ContextFiles = {}, ...options: string[]) => {
    const { code, stderr } = await build(daemon, ["FROM box:1", ...lines, ""].join("\n"), files, ...options);
    expect(code).toBe(1);
    return stderr;
  };
  const tree = "find /x | sort";

  test("a file becomes the destination, or is copied into a destination directory", async () => {
    const lines = [
      "WORKDIR /w",
      "COPY f /abs",
      "COPY f /abs2/",
      "COPY f rel/",
      "COPY f /existing",
      "COPY f .",
    ];
    const script = "cat /abs /abs2/f /w/rel/f /existing/f /w/f; stat -c '%u:%g %a' /existing /abs";
    expect(await output(script, lines, { f: "f\n" })).toBe("f\nf\nf\nf\nf\n5:6 711\n0:0 644\n");
  });

  test("the target of a dangling link is created below the root of the image", async () => {
    const lines = [
      "RUN ln -s /nowhere/at/all /abs && ln -s ../../../../up /existing/rel && ln -s /abs/in /nested",
      "COPY f /abs/",
      "COPY f /existing/rel/",
      "COPY f /nested/",
      "RUN ln -s loop /loop",
    ];
    const script = "cat /nowhere/at/all/f /up/f /nowhere/at/all/in/f";
    expect(await output(script, lines, { f: "f\n" })).toBe("f\nf\nf\n");
    expect(await failure(["RUN ln -s loop /loop", "COPY f /loop/"], { f: "f" })).toMatch(
      /[Tt]oo many.*symbolic links/,
    );
  });

  test("a directory's content is copied, with or without a trailing slash", async () => {
    const files = { "dir/a": "a", "dir/sub/b": { text: "b", mode: 0o750 }, "dir/l": { link: "a" } };
    const lines = ["COPY dir /x", "COPY dir/ /x/again"];
    expect(await output(`${tree}; stat -c %a /x /x/sub/b; readlink /x/l`, lines, files)).toBe(
      "/x\n/x/a\n/x/again\n/x/again/a\n/x/again/l\n/x/again/sub\n/x/again/sub/b\n/x/l\n/x/sub\n/x/sub/b\n755\n750\na\n",
    );
  });

  test("several sources go into an existing directory, and patterns match whole names", async () => {
    const files = { a: "a", b: "b", "arr[0].txt": "x", "n/a.c": "c", "n/b.h": "h", "n/m/c.c": "d" };
    expect(await output("cat /existing/a /existing/b", ["COPY a b /existing"], files)).toBe("ab");
    expect(await output(tree, ["COPY a nomatch* /x/"], files)).toBe("/x\n/x/a\n");
    expect(await output(tree, ["COPY arr[[]0].txt /x/"], files)).toBe("/x\n/x/arr[0].txt\n");
    expect(await output(tree, ["COPY n/*.? /x/"], files)).toBe("/x\n/x/a.c\n/x/b.h\n");
    expect(await output(tree, ["COPY --exclude=*.h --exclude=m n /x"], files)).toBe("/x\n/x/a.c\n");
    expect(await output(tree, ["COPY --parents n/./m a n/*.c /x/"], files)).toBe(
      "/x\n/x/a\n/x/m\n/x/m/c.c\n/x/n\n/x/n/a.c\n",
    );
    expect(await output(tree, ["COPY --parents n*/./m /x/"], files)).toBe("/x\n/x/m\n/x/m/c.c\n");
  });

  test("the pattern * copies the files and the contents of the directories of the root once", async () => {
    const files = { a: "a", "d/b": "b", "d/e/c": "c" };
    for (const source of ["*", "./*"]) {
      expect(
        await output("cd /x; find . -type f | sort", [`COPY --exclude=Dockerfile ${source} /x/`], files),
      ).toBe("./a\n./b\n./e/c\n");
    }
    const stage = [
      "RUN mkdir -p /app/target/d && touch /app/target/a.jar /app/target/b.jar /app/target/d/c.jar",
    ];
    const copy = (source: string) => [...stage, "FROM box:1", `COPY --from=0 ${source} /x/`];
    expect(await output(tree, copy("/app/target/*.jar"))).toBe("/x\n/x/a.jar\n/x/b.jar\n");
    expect(await output(tree, copy("/app/*/*"))).toBe("/x\n/x/a.jar\n/x/b.jar\n/x/c.jar\n");
    expect(await output(tree, copy("--parents /app/./target/*.jar"))).toBe(
      "/x\n/x/target\n/x/target/a.jar\n/x/target/b.jar\n",
    );
    expect(await output("find /x -name target | wc -l", copy("/*"))).toBe("1\n");
  });

  test("a nested directory of the image gets the mode and owner of the copied one", async () => {
    const files = { "d/existing/f": "f" };
    const script = "stat -c '%u:%g %a' /existing";
    expect(await output(script, ["COPY d /"], files)).toBe("0:0 755\n");
    expect(await output(script, ["COPY --chown=7:8 d /"], files)).toBe("7:8 755\n");
    expect(await output(script, ["COPY --chmod=700 d /"], files)).toBe("0:0 700\n");
    expect(await output(script, ["COPY d/existing /existing"], files)).toBe("5:6 711\n");
  });

  test("names that are not UTF-8 are copied from directories, archives and stages", async () => {
    const names = [Buffer.of(0xff), Buffer.from("caf\u00e9", "latin1")];
    using context = writeContext({
      Dockerfile: "FROM box:1\nCOPY . /x/\nFROM box:1\nCOPY --from=0 /x/d/* /y/\n",
    });
    mkdirSync(`${context.path}/d`);
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${context.path}/d/`), name]), name);
    const archive = Bun.spawnSync(["tar", "-C", context.path, "-c", "."]).stdout;
    for (const [words, stdin] of [
      [[context.path], ""],
      [["-"], archive],
    ] as const) {
      const built = await daemon.tbox(["build", "-q", ...words], { stdin });
      expect(built.stderr).toBe("");
      const run = await daemon.tbox([
        "run",
        "--rm",
        built.stdout.trim(),
        "sh",
        "-c",
        'cd /y; for f in *; do cat "$f" | od -An -tx1; done',
      ]);
      expect(
        run.stdout
          .split("\n")
          .map((line) => line.trim())
          .sort(),
      ).toEqual(["", "63 61 66 e9", "ff"]);
    }
  });

  test("a link that is copied into a directory keeps its name", async () => {
    const files = {
      "lib/libfoo.so.1.2.3": "elf",
      "lib/libfoo.so": { link: "libfoo.so.1.2.3" },
      "deep/l": { link: "../lib/libfoo.so" },
      dir: { link: "lib" },
    };
    const script = "cd /x; find . -type f | sort; find . -type f -exec cat {} +";
    expect(await output(script, ["COPY lib/libfoo.so /x/"], files)).toBe("./libfoo.so\nelf");
    expect(await output(script, ["ADD deep/l /x/"], files)).toBe("./l\nelf");
    expect(await output(script, ["COPY lib/*.so /x/"], files)).toBe("./libfoo.so\nelf");
    expect(await output(script, ["COPY dir /x/"], files)).toBe("./libfoo.so.1.2.3\nelf");
  });

  test("sources cannot leave the context", async () => {
    const files = { a: "inside", out: { link: "/etc/hostname" }, up: { link: "../../../../etc" } };
    expect(await output("cat /x/a", ["COPY ../../a /x/"], files)).toBe("inside");
    expect(await failure(["COPY out /x"], files)).toContain("out: file does not exist");
    expect(await failure(["COPY up/passwd /x"], files)).toContain("file does not exist");
    expect(await failure(["COPY missing /x"])).toContain(
      "COPY failed: file not found in build context or excluded by .dockerignore: stat missing",
    );
  });

  test(".dockerignore excludes files, and DOCKERFILE.dockerignore takes precedence", async () => {
    const files = {
      ".dockerignore": "**\n!./s.txt\n!dir/keep",
      "s.txt": "",
      "dir/keep": "",
      "dir/drop": "",
      n: "",
    };
    expect(await output(tree, ["COPY . /x/"], files)).toBe("/x\n/x/dir\n/x/dir/keep\n/x/s.txt\n");
    const dockerfile = "FROM box:1\nCOPY . /x/\n";
    const own = { ...files, "my.Dockerfile": dockerfile, "my.Dockerfile.dockerignore": "*\n!n\n" };
    using context = writeContext(own);
    const { code, stdout, stderr } = await daemon.tbox([
      "build",
      "-q",
      "-f",
      `${context.path}/my.Dockerfile`,
      context.path,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const run = await daemon.tbox(["run", "--rm", "--network", "none", stdout.trim(), "sh", "-c", tree]);
    expect(run.stdout).toBe("/x\n/x/n\n");
  });

  test("--from copies from stages by name and number, and from images", async () => {
    await build(daemon, "FROM box:1\nWORKDIR /foo\nRUN echo image > /foo/f\n", {}, "-t", "files:1");
    const dockerfile = [
      "FROM box:1 AS name",
      "WORKDIR /foo",
      "RUN echo stage > f; mkdir d; echo d > d/e; chown 7:8 f; ln -s d s",
      "FROM box:1",
      "COPY --from=0 foo/f /x/zero",
      "COPY --from=NAME /foo/f /x/name",
      "COPY --from=files:1 foo/f /x/image",
      "COPY --from=name /foo/* /x/all/",
      "COPY --from=name /foo/s /x/link",
      "",
    ].join("\n");
    const script = "cat /x/zero /x/name /x/image; find /x/all /x/link | sort; stat -c %u:%g /x/zero";
    expect(await builtOutput(daemon, script, dockerfile)).toBe(
      "stage\nstage\nimage\n/x/all\n/x/all/e\n/x/all/f\n/x/link\n/x/link/e\n7:8\n",
    );
    const late = "FROM box:1 AS one\nCOPY --from=two /f /f\nFROM box:1 AS two\n";
    expect((await build(daemon, late, {}, "--target", "one")).stderr).toContain(
      "needs to be defined before current stage",
    );
    const unknown = await build(daemon, "FROM box:1\nCOPY --from=unknown.invalid/x /f /f\n");
    expect(unknown.stderr).toContain("unknown.invalid");
  });

  test("a stage takes precedence over an image of the same name", async () => {
    await build(daemon, "FROM box:1\nRUN echo image > /f\n", {}, "-t", "both:latest");
    const dockerfile = "FROM box:1 AS both\nRUN echo stage > /f\nFROM box:1\nCOPY --from=both /f /x\n";
    expect(await builtOutput(daemon, "cat /x", dockerfile)).toBe("stage\n");
  });

  test("the last matching pattern of .dockerignore wins, and an excluded Dockerfile is still read", async () => {
    const ignore = "# a comment\nba*\n!bay\n/f1/\nf2/\ndir\n!dir/keep\nDockerfile\n.dockerignore\n";
    const names = ["bar", "bay", "f1/a", "f2/a", "dir/keep", "dir/drop", "sub/f2/a", "# a comment"];
    const files = Object.fromEntries([[".dockerignore", ignore], ...names.map((name) => [name, ""])]);
    expect(await output("cd /x; find . -type f | sort", ["COPY . /x/"], files)).toBe(
      "./# a comment\n./bay\n./dir/keep\n./sub/f2/a\n",
    );
  });

  test("--chown and --chmod set owners and modes", async () => {
    const files = { f: { text: "f", mode: 0o600 }, "d/e": { text: "e", mode: 0o711 } };
    const lines = [
      "COPY --chown=u:g f /x/1",
      "COPY --chown=7 f /x/2",
      "COPY --chown=7:8 --chmod=640 f /x/new/3",
      "COPY --chown=u --chmod=u=rwX,go=rX d f /x/4/",
      "COPY --chmod=777 f /open/1",
      "COPY --chmod=4770 f /open/below/2",
    ];
    const script =
      "stat -c '%n %u:%g %a' /x/1 /x/2 /x/new /x/new/3 /x/4 /x/4/e /x/4/f /open /open/below /open/below/2";
    expect(await output(script, lines, files)).toBe(
      [
        "/x/1 1000:2000 600",
        "/x/2 7:7 600",
        "/x/new 7:8 640",
        "/x/new/3 7:8 640",
        "/x/4 1000:1001 755",
        "/x/4/e 1000:1001 755",
        "/x/4/f 1000:1001 644",
        "/open 0:0 777",
        "/open/below 0:0 770",
        "/open/below/2 0:0 4770",
        "",
      ].join("\n"),
    );
    expect(await failure(["COPY --chown=nosuch f /x"], files)).toContain("unable to find user nosuch");
    expect(await failure(["COPY --chmod=9z f /x"], files)).toContain("invalid chmod parameter: '9z'");
    const scratch = await build(daemon, "FROM scratch\nCOPY --chown=u f /x\n", { f: "" });
    expect(scratch.stderr).toContain("unable to find user u");
  });

  test("symbolic links of the image are followed, and never replaced by a directory", async () => {
    const files = { f: "new\n", "rootfs/linked/f": "f", "rootfs/other": "o" };
    const lines = ["COPY f /linked/", "COPY f /link/d/", "COPY f /tofile"];
    const script = "cat /bin/f /opt/o/d/f /file; for l in /linked /link /tofile; do readlink $l; done";
    expect(await output(script, lines, files)).toBe("new\nnew\nnew\nbin\n/opt/o\nfile\n");
    expect(await failure(["COPY rootfs /"], files)).toContain("linked: cannot copy to non-directory");
    expect(await failure(["COPY rootfs /file"], files)).toContain("not a directory");
    expect(await failure(["COPY f /file/"], files)).toContain("not a directory");
  });

  test("ADD unpacks archives of the context, recognised by content", async () => {
    const archive = tar([
      { path: "in/a", content: "a", uid: 3, gid: 4, mode: 0o600 },
      { path: "in/l", type: "symlink", target: "a" },
    ]);
    const files = {
      "t.tar.gz": gzipSync(archive),
      "t.bin": archive,
      "empty.tar.gz": "",
      "plain.tar": "no tar",
    };
    const lines = ["ADD t.tar.gz /x/1/", "ADD t.bin /x/2", "ADD empty.tar.gz plain.tar /x/3/"];
    expect(await output(`${tree}; stat -c '%u:%g %a' /x/1/in/a`, lines, files)).toBe(
      "/x\n/x/1\n/x/1/in\n/x/1/in/a\n/x/1/in/l\n/x/2\n/x/2/in\n/x/2/in/a\n/x/2/in/l\n/x/3\n/x/3/empty.tar.gz\n/x/3/plain.tar\n3:4 600\n",
    );
    expect(await output(tree, ["ADD --unpack=false t.bin /x/", "COPY t.tar.gz /x/"], files)).toBe(
      "/x\n/x/t.bin\n/x/t.tar.gz\n",
    );
    const xz = new Uint8Array(
      await new Response(Bun.spawn(["xz", "-c"], { stdin: archive, stdout: "pipe" }).stdout).arrayBuffer(),
    );
    expect(await output(tree, ["ADD t.tar.xz /x/"], { "t.tar.xz": xz })).toBe(
      "/x\n/x/in\n/x/in/a\n/x/in/l\n",
    );
    const evil = tar([
      { path: "esc", type: "symlink", target: "/etc" },
      { path: "esc/owned", content: "x" },
      { path: "../../up", content: "x" },
    ]);
    await failure(["ADD evil.tar /x/"], { "evil.tar": evil });
  });

  test("ADD downloads URLs without unpacking them", async () => {
    const archive = tar([{ path: "a", content: "a" }]);
    await using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) =>
        url.endsWith("/missing")
          ? new Response("", { status: 404 })
          : new Response(archive, { headers: { "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT" } }),
    });
    const base = `http://127.0.0.1:${server.port}`;
    const checksum = `sha256:${new Bun.CryptoHasher("sha256").update(archive).digest("hex")}`;
    const lines = [
      `ADD ${base}/t.tar /x/`,
      `ADD --checksum=${checksum} ${base}/t.tar /x/named`,
      `ADD --unpack ${base}/t.tar /x/in/`,
    ];
    const asHost = ["--network", "host"];
    expect(await output(`${tree}; stat -c '%a %Y' /x/t.tar`, lines, {}, ...asHost)).toBe(
      "/x\n/x/in\n/x/in/a\n/x/named\n/x/t.tar\n600 1767225600\n",
    );
    const wrong = `sha256:${"0".repeat(64)}`;
    expect(await failure([`ADD --checksum=${wrong} ${base}/t.tar /x/`], {}, ...asHost)).toContain(
      "digest mismatch",
    );
    expect(await failure([`ADD ${base}/missing /x/`], {}, ...asHost)).toContain("404");
    expect(await failure([`ADD ${base}/t.tar /x/`])).toContain("is not allowed: it is a loopback");
    expect(await failure([`COPY ${base}/t.tar /x/`])).toContain("source can't be a URL for COPY");
  });

  test("hard links stay links, and --link hides no files of lower layers", async () => {
    const dockerfile = [
      "FROM box:1 AS made",
      "RUN mkdir -p /m/usr/new; echo 1 > /m/usr/new/a; ln /m/usr/new/a /m/usr/new/b",
      "FROM box:1",
      "RUN mkdir -p /usr/new; echo kept > /usr/new/kept",
      "COPY --link --from=made /m /",
      "",
    ].join("\n");
    const script = "ls /usr/new; stat -c %h /usr/new/a";
    expect(await builtOutput(daemon, script, dockerfile)).toBe("a\nb\nkept\n2\n");
  });
});
