import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { z } from "zod";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { repository } from "#test/support/repository.ts";
import { shellUnavailable } from "../support/images.ts";
import { loadStandIns } from "./stand-ins.ts";

const page = readFileSync(`${repository}/docs/guides/runners.md`, "utf8");
const configuration = z
  .object({
    runners: z.tuple([
      z.object({
        executor: z.literal("docker"),
        docker: z.object({ host: z.string(), image: z.string(), volumes: z.array(z.string()) }),
      }),
    ]),
  })
  .parse(Bun.TOML.parse(/```toml\n([^`]*)```/.exec(page)?.[1] ?? ""));
const [{ docker: settings }] = configuration.runners;

/** Makes the requests of GitLab Runner's Docker executor, which sends the script of each stage to the same container's input. */
daemonSuite(
  "the executor of GitLab Runner",
  { obstacle: shellUnavailable, prepare: loadStandIns },
  (daemon) => {
    /** Runs the stages of a job; returns the output of each with the exit status. */
    async function runJob(
      name: string,
      stages: string[],
      volumes = settings.volumes,
    ): Promise<[string, number][]> {
      const docker = new Docker({ socketPath: daemon.socket });
      const container = await docker.createContainer({
        name,
        Image: settings.image,
        Cmd: ["sh"],
        OpenStdin: true,
        StdinOnce: true,
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        HostConfig: { Binds: volumes.map((path) => (path.includes(":") ? path : `runner-cache:${path}`)) },
      });
      const results: [string, number][] = [];
      for (const stage of stages) {
        const stream = await container.attach({
          stream: true,
          hijack: true,
          stdin: true,
          stdout: true,
          stderr: true,
        });
        const output = new PassThrough();
        docker.modem.demuxStream(stream, output, output);
        stream.on("end", () => output.end());
        await container.start();
        stream.end(stage);
        const { StatusCode } = await container.wait({ condition: "not-running" });
        results.push([await text(output), StatusCode]);
      }
      await container.remove({ force: true, v: true });
      return results;
    }

    test("a container runs one stage after another and keeps its files", async () => {
      expect(await runJob("build", ["echo built > /artifact\n", "cat /artifact\n", "exit 3\n"])).toEqual([
        ["", 0],
        ["built\n", 0],
        ["", 3],
      ]);
    });

    test("the next job finds the files in the guide's cache volume", async () => {
      expect(await runJob("first", ["echo kept > /cache/file\n"])).toEqual([["", 0]]);
      expect(await runJob("second", ["cat /cache/file\n"])).toEqual([["kept\n", 0]]);
    });

    test("a job with the guide's volume for the socket reaches the daemon without docker:dind", async () => {
      const [, socket = ""] = /`"(\/var\/run\/docker\.sock:[^"]+)"`/.exec(page) ?? [];
      expect(await runJob("client", ["test -S /var/run/docker.sock && echo there\n"], [socket])).toEqual([
        ["there\n", 0],
      ]);
    });

    test("the guide names the socket of user 1000's daemon", async () => {
      expect(settings.host).toBe("unix:///run/user/1000/tbox/tbox.sock");
      expect(await daemon.printed("context")).toContain(daemon.socket);
    });
  },
);
