import { expect, test } from "bun:test";
import { openConnection } from "#test/support/connection.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { type TarEntry, tar } from "#test/support/tar.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

daemonSuite(
  "the classic builder",
  {
    obstacle: shellUnavailable,
    async prepare(daemon) {
      await loadShell(daemon, "box:1");
      await loadShell(daemon, "trigger:1", { OnBuild: ["RUN echo onbuild"] });
    },
  },
  (daemon) => {
    /** Builds a Dockerfile; returns the status, the output without IDs, and the errors in it. */
    async function build(dockerfile: string, query: Record<string, string>, files: TarEntry[] = []) {
      const body = tar([{ path: "Dockerfile", content: dockerfile }, ...files]);
      const response = await fetch(`http://docker/build?${new URLSearchParams(query)}`, {
        method: "POST",
        unix: daemon.socket,
        headers: { "Content-Type": "application/x-tar" },
        body,
      });
      const lines = (await response.text()).trim().split("\n");
      const text = lines.map((line) => JSON.parse(line).stream ?? JSON.parse(line).message ?? "").join("");
      const errors = lines.map((line) => JSON.parse(line).error).filter((error) => error !== undefined);
      return { status: response.status, errors, text: text.replaceAll(/\b[0-9a-f]{12}\b/g, "ID") };
    }

    test("shows ONBUILD triggers as a part of FROM", async () => {
      const { text } = await build("FROM trigger:1\n", { nocache: "1" });
      expect(text).toBe(
        [
          "Step 1/1 : FROM trigger:1",
          "# Executing 1 build trigger",
          " ---> Running in ID",
          "onbuild",
          " ---> Removed intermediate container ID",
          " ---> ID",
          "Successfully built ID",
          "",
        ].join("\n"),
      );
    });

    test("shows and records each label of the request, and warns of unused arguments at the end", async () => {
      const query = { t: "labelled", labels: '{"b":"2","a":"1"}', buildargs: '{"NOPE":"x","UNSET":null}' };
      const { text } = await build("FROM box:1\nENV X=1\n", query);
      expect(text).toBe(
        [
          "Step 1/4 : FROM box:1",
          " ---> ID",
          "Step 2/4 : ENV X=1",
          " ---> ID",
          "Step 3/4 : LABEL a=1",
          " ---> ID",
          "Step 4/4 : LABEL b=2",
          " ---> ID",
          "[Warning] One or more build-args [NOPE UNSET] were not consumed",
          "Successfully built ID",
          "Successfully tagged labelled:latest",
          "",
        ].join("\n"),
      );
      const history = JSON.parse(await (await daemon.request("GET", "/images/labelled/history")).text());
      const created = history.map(({ CreatedBy }: { CreatedBy: string }) => CreatedBy);
      expect(created.slice(0, 3)).toEqual(["LABEL b=2", "LABEL a=1", "ENV X=1"]);
    });

    test("COPY of a pattern that matches nothing fails", async () => {
      const { errors } = await build("FROM box:1\nCOPY none* /d/\n", {});
      expect(errors).toEqual(["COPY failed: no source files were specified"]);
    });

    test("ADD of an archive ignores an entry for the target itself that is not a directory", async () => {
      const archive = tar([{ path: "" }, { path: "kept", content: "kept" }]);
      const files = [{ path: "a.tar", content: archive }];
      const { text } = await build("FROM box:1\nADD a.tar /\n", { t: "unpacked" }, files);
      expect(text).toContain("Successfully built");
      expect(await daemon.printed("run", "--rm", "unpacked", "cat", "/kept")).toBe("kept");
    });

    test("COPY replaces a directory by a link or a file, and the reverse", async () => {
      const directory = (path: string, ...entries: TarEntry[]): TarEntry[] => [
        { path, type: "directory", mode: 0o755 },
        ...entries,
      ];
      const one = directory(
        "one/",
        ...directory("one/to", { path: "one/to/first", content: "first" }),
        { path: "one/link", type: "symlink", target: "to" },
        { path: "one/file", content: "file" },
      );
      const two = directory(
        "two/",
        ...directory("two/link", { path: "two/link/second", content: "second" }),
        ...directory("two/file", { path: "two/file/third", content: "third" }),
      );
      const context = [...one, ...two];
      await build("FROM box:1\nCOPY one/ /d/\nCOPY two/ /d/\n", { t: "there" }, context);
      await build("FROM there\nCOPY one/ /d/\n", { t: "back" }, context);
      const list = (image: string) =>
        daemon.printed("run", "--rm", image, "sh", "-c", "cd /d; find . | sort");
      const common = [".", "./file", "./link", "./to", "./to/first"];
      expect(await list("there")).toBe([...common, "./file/third", "./link/second"].sort().join("\n"));
      expect(await list("back")).toBe(common.join("\n"));
      expect(await daemon.printed("run", "--rm", "back", "readlink", "/d/link")).toBe("to");
    });

    test("refuses an unknown target before the first line, also after a finding", async () => {
      const dockerfile = "FROM box:1\nFROM --platform=linux/amd64 box:1\n";
      expect(await build(dockerfile, { target: "two" })).toMatchObject({
        status: 400,
        text: 'target stage "two" could not be found',
      });
    });

    test("refuses a Dockerfile outside the context", async () => {
      expect(await build("FROM box:1\n", { dockerfile: "../Dockerfile" })).toMatchObject({
        status: 400,
        text: "forbidden path outside the build context: ../Dockerfile",
      });
    });

    test("an early refusal reaches a client that closes the connection and still sends", async () => {
      using connection = await openConnection(daemon.socket);
      const body = Buffer.alloc(200_000);
      connection.write(
        `POST /build?t=UPPER HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      connection.writeBytes(body.subarray(0, 1000));
      // The daemon refuses the request as soon as it has the head.
      await daemon.request("GET", "/_ping");
      connection.writeBytes(body.subarray(1000));
      expect((await connection.ended).toString()).toStartWith("HTTP/1.1 400");
    });
  },
);
