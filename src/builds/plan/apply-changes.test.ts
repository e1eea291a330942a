import { describe, expect, test } from "bun:test";
import { applyChanges } from "./apply-changes.ts";

describe("changes of a commit are read as lines of a Dockerfile", () => {
  test("variables are expanded, also by earlier changes", () => {
    const base = { Env: ["PATH=/bin", "A=1"], WorkingDir: "/srv" };
    const changes = ["ENV PATH=/q:$PATH", "ENV B=$A$A C='x y'", "WORKDIR app", "LABEL v=$B", "USER $A"];
    expect(applyChanges(base, changes)).toMatchObject({
      Env: ["PATH=/q:/bin", "A=1", "B=11", "C=x y"],
      WorkingDir: "/srv/app",
      Labels: { v: "11" },
      User: "1",
    });
  });

  test("several changes in one text, comments and continued lines are accepted", () => {
    expect(applyChanges({}, ["ENV A=1\n# comment\nENV B=2 \\\n  C=3", 'CMD ["a", "b"]'])).toMatchObject({
      Env: ["A=1", "B=2", "C=3"],
      Cmd: ["a", "b"],
    });
  });

  test("the shell of the image runs a command that is not JSON", () => {
    expect(applyChanges({ Shell: ["/bin/ash", "-c"] }, ["CMD echo $HOME"]).Cmd).toEqual([
      "/bin/ash",
      "-c",
      "echo $HOME",
    ]);
  });

  test("an entrypoint resets the command that no change has set", () => {
    expect(applyChanges({ Cmd: ["old"] }, ['ENTRYPOINT ["e"]'])).toMatchObject({
      Entrypoint: ["e"],
      Cmd: undefined,
    });
    expect(applyChanges({ Cmd: ["old"] }, ["CMD new", 'ENTRYPOINT ["e"]']).Cmd).toContain("new");
  });

  test("all of Docker's change commands are accepted, and no others", () => {
    const changes = ["HEALTHCHECK NONE", "EXPOSE 80/udp 90", "VOLUME /v", "STOPSIGNAL INT", "ONBUILD RUN x"];
    expect(applyChanges({ OnBuild: ["RUN first"] }, changes)).toEqual({
      Healthcheck: { Test: ["NONE"] },
      ExposedPorts: { "80/udp": {}, "90/tcp": {} },
      Volumes: { "/v": {} },
      StopSignal: "INT",
      OnBuild: ["RUN first", "RUN x"],
    });
    for (const change of ["RUN x", "COPY a b", "FROM x", "ARG A", 'SHELL ["a"]', "MAINTAINER x", "NOPE x"]) {
      expect(() => applyChanges({}, [change])).toThrow("is not a valid change command");
    }
    expect(applyChanges({ User: "u" }, [""])).toEqual({ User: "u" });
  });
});
