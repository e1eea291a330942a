// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of Dockerfiles
import { expect, test } from "bun:test";
import type { TestDaemon } from "#test/support/daemon.ts";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { build, builtOutput, type ContextFiles } from "../support/build.ts";
import { loadShell, shellUnavailable } from "../support/images.ts";

async function prepare(daemon: TestDaemon): Promise<void> {
  await loadShell(daemon, "box:1", {}, [
    { path: "etc/passwd", content: "root:x:0:0::/:/bin/sh\nu:x:1000:1001::/:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\ng:x:2000:\n" },
  ]);
}

daemonSuite("a Dockerfile", { obstacle: shellUnavailable, prepare }, (daemon) => {
  const output = (script: string, dockerfile: string, files: ContextFiles = {}, ...options: string[]) =>
    builtOutput(daemon, script, dockerfile, files, ...options);
  const config = async (dockerfile: string, ...options: string[]) => {
    const { stdout, stderr, code } = await build(daemon, dockerfile, {}, ...options);
    if (code !== 0) throw new Error(stderr);
    const [image] = JSON.parse((await daemon.tbox(["image", "inspect", stdout])).stdout);
    return image.Config;
  };

  test("heredocs are scripts, documents and files", async () => {
    const dockerfile = [
      "FROM box:1",
      "ENV X=expanded",
      "RUN <<A sh",
      "echo from sh $X > /a",
      "A",
      "RUN cat <<ONE > /one && cat <<TWO > /two",
      "1",
      "ONE",
      "2",
      "TWO",
      "RUN <<SCRIPT",
      "#!/bin/sh",
      "echo script > /script",
      "SCRIPT",
      'COPY <<-"E" <<F /files/',
      "\t$X",
      "\t  kept",
      "\tE",
      "$X '$X'",
      "F",
      'RUN echo "a << b" > /quoted',
      "",
    ].join("\n");
    const script = "cat /a /one /two /script /files/E /files/F /quoted; ls /dev/pipes 2>&1 | wc -l";
    expect(await output(script, dockerfile)).toBe(
      "from sh expanded\n1\n2\nscript\n$X\n  kept\nexpanded 'expanded'\na << b\n1\n",
    );
  });

  test("continued lines skip comments and empty lines", async () => {
    const dockerfile = "FROM box:1\nRUN echo a > /x \\   \n# comment\n\n && echo b >> /x\n";
    expect(await output("cat /x", dockerfile)).toBe("a\nb\n");
  });

  test("ARG is scoped to its stage", async () => {
    const dockerfile = [
      "ARG V=1",
      "ARG BASE=box",
      "FROM ${BASE}:1 AS one",
      "RUN echo [$V] > /x",
      "ARG V",
      "RUN echo [$V] >> /x",
      "FROM one AS two",
      "ARG V=own",
      "RUN echo [$V] $TARGETOS >> /x",
      "ARG TARGETOS",
      "RUN echo $TARGETOS >> /x",
      "",
    ].join("\n");
    expect(await output("cat /x", dockerfile)).toBe("[]\n[1]\n[own]\nlinux\n");
    expect(await output("cat /x", dockerfile, {}, "--build-arg", "V=2")).toBe("[]\n[2]\n[2]\nlinux\n");
    const unknown = await daemon.tbox(["build", "--progress=plain", "--build-arg", "NOPE=1", "-"], {
      stdin: "FROM box:1\n",
    });
    expect({ code: unknown.code, warned: unknown.stderr.includes("[NOPE] were not consumed") }).toEqual({
      code: 0,
      warned: true,
    });
  });

  test("a byte order mark, carriage returns and directives are accepted", async () => {
    const dockerfile =
      "\ufeff# syntax=docker/dockerfile:1\r\n# escape=`\r\nFROM box:1\r\nRUN echo one `\r\n  two > /x\r\n";
    expect(await output("cat /x", dockerfile)).toBe("one two\n");
    const late = "# a comment\n# escape=`\nFROM box:1\nRUN echo one \\\n  two > /x\n";
    expect(await output("cat /x", late)).toBe("one two\n");
    const twice = "# escape=`\n# escape=`\nFROM box:1\n";
    expect((await build(daemon, twice)).stderr).toContain("only one escape parser directive can be used");
  });

  test("WORKDIR, USER and ENV build on each other", async () => {
    const dockerfile = [
      "FROM box:1",
      "ENV D=/base N=name",
      "WORKDIR /a",
      "WORKDIR b/../c",
      "WORKDIR $D/${N}",
      "USER u",
      "WORKDIR new",
      "RUN pwd > /tmp/pwd; id -u > /tmp/id; stat -c '%u:%g %a' . > /tmp/stat",
      "COPY f .",
      "USER root",
      "",
    ].join("\n");
    expect(await output("cat /tmp/pwd /tmp/id /tmp/stat; stat -c %u:%g f; pwd", dockerfile, { f: "f" })).toBe(
      "/base/name/new\n1000\n1000:1001 755\n0:0\n/base/name/new\n",
    );
  });

  test("commands in JSON form are words, others are passed to the shell", async () => {
    expect(await config("FROM box:1\nCMD ['a','b']\n")).toMatchObject({
      Cmd: ["/bin/sh", "-c", "['a','b']"],
    });
    expect(await config('FROM box:1\nENTRYPOINT ["e"]\nCMD x\n')).toMatchObject({
      Entrypoint: ["e"],
      Cmd: ["/bin/sh", "-c", "x"],
    });
    const cleared = await config('FROM box:1\nCMD x\nENTRYPOINT ["e"]\nCMD []\nENTRYPOINT []\n');
    expect(cleared).toMatchObject({ Cmd: null, Entrypoint: null });
    expect((await build(daemon, 'FROM box:1\nCMD ["a", 1]\n')).stderr).toContain("strings only");
    const windows = 'FROM box:1\nCMD ["c:\\win"]\n';
    expect((await config(windows)).Cmd).toEqual(["/bin/sh", "-c", '["c:\\win"]']);
    const both = await build(daemon, 'FROM box:1\nENTRYPOINT ["echo"]\nCMD x\n');
    expect((await daemon.tbox(["run", "--rm", both.stdout])).stdout).toBe("/bin/sh -c x\n");
  });

  test("ENTRYPOINT resets only the CMD of the base image", async () => {
    await build(daemon, 'FROM box:1\nCMD ["base"]\n', {}, "-t", "withcmd:1");
    expect((await config('FROM withcmd:1\nENTRYPOINT ["e"]\n')).Cmd).toBeNull();
    expect((await config('FROM withcmd:1\nCMD ["own"]\nENTRYPOINT ["e"]\n')).Cmd).toEqual(["own"]);
  });

  test("SHELL applies to later instructions, is inherited, and must be JSON", async () => {
    const shell = 'FROM box:1\nSHELL ["/bin/sh","-ec"]\n';
    expect((await build(daemon, `${shell}RUN false; true\n`)).code).toBe(1);
    expect((await config(`${shell}CMD x\n`)).Cmd).toEqual(["/bin/sh", "-ec", "x"]);
    await build(daemon, shell, {}, "-t", "shelled:1");
    expect((await build(daemon, "FROM shelled:1\nRUN false; true\n")).code).toBe(1);
    expect((await build(daemon, "FROM box:1\nSHELL sh -c\n")).stderr).toContain("JSON");
  });

  test("settings appear in the image's configuration", async () => {
    const dockerfile = [
      "FROM box:1",
      'LABEL a=1 "b c"="d e"',
      "EXPOSE 80 53/udp 8000-8001",
      'VOLUME ["/v1", "/v2"]',
      "STOPSIGNAL SIGQUIT",
      "HEALTHCHECK --interval=5s --retries=2 CMD test -e /x",
      "USER u:g",
      "MAINTAINER Some One",
      "",
    ].join("\n");
    expect(await config(dockerfile, "--label", "cli=x")).toMatchObject({
      Labels: { a: "1", "b c": "d e", cli: "x" },
      ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {} },
      Volumes: { "/v1": {}, "/v2": {} },
      StopSignal: "SIGQUIT",
      Healthcheck: { Test: ["CMD-SHELL", "test -e /x"], Interval: 5_000_000_000, Retries: 2 },
      User: "u:g",
    });
    expect((await build(daemon, "FROM box:1\nSTOPSIGNAL NOPE\n")).stderr).toContain("invalid signal");
    expect((await build(daemon, "FROM box:1\nEXPOSE 70000\n")).stderr).toContain("invalid port");
  });

  test("CMD [] removes the command, and VOLUME of an empty variable is refused", async () => {
    expect((await config("FROM box:1\nCMD sleep 1\nCMD []\n")).Cmd).toBeNull();
    const { code, stderr } = await build(daemon, 'FROM box:1\nENV A=""\nVOLUME $A\n', {});
    expect(code).toBe(1);
    expect(stderr).toContain("VOLUME specified can not be an empty string");
  });

  test("ONBUILD runs in the next build, and not again after that", async () => {
    const base = "FROM box:1\nONBUILD COPY f /f\nONBUILD RUN echo ran >> /ran\nRUN test ! -e /ran\n";
    await build(daemon, base, {}, "-t", "onbuild:1");
    const child = "FROM onbuild:1\nRUN echo child >> /ran\n";
    expect(await output("cat /f /ran", child, { f: "file\n" })).toBe("file\nran\nchild\n");
    expect((await build(daemon, "FROM onbuild:1\n", { f: "file" }, "-t", "onchild:1")).code).toBe(0);
    expect(await output("cat /ran", "FROM onchild:1\nRUN true\n")).toBe("ran\n");
  });

  test("only the stages that the target needs are built", async () => {
    const dockerfile = [
      "FROM box:1 AS wanted",
      "RUN echo wanted > /x",
      "FROM box:1 AS broken",
      "RUN false",
      "FROM broken",
      "COPY --from=wanted /x /x",
      "",
    ].join("\n");
    expect(await output("cat /x", dockerfile, {}, "--target", "Wanted")).toBe("wanted\n");
    expect((await build(daemon, dockerfile)).code).toBe(1);
    expect((await build(daemon, dockerfile, {}, "--target", "wnated")).stderr).toContain(
      "did you mean wanted?",
    );
  });

  test("is checked during a build and with --check", async () => {
    const dockerfile = "FROM box:1\nWORKDIR $NOPE/x\nCMD true\n";
    const built = await daemon.tbox(["build", "--progress=plain", "-"], { stdin: dockerfile });
    expect(built.code).toBe(0);
    expect(built.stderr).toContain("WARNING: JSONArgsRecommended: JSON arguments recommended for CMD");
    expect(built.stderr).toContain("WARNING: UndefinedVar: Usage of undefined variable '$NOPE' (line 2)");
    const checked = await daemon.tbox(["build", "--check", "-"], { stdin: `${dockerfile}RUN false\n` });
    expect({ code: checked.code, stderr: checked.stderr }).toEqual({ code: 1, stderr: "" });
    expect(checked.stdout).toContain("   2 | >>> WORKDIR $NOPE/x\n");
    expect(checked.stdout).toEndWith("Check complete, 2 warnings have been found!\n");
    const clean = await daemon.tbox(["build", "--call=check", "-"], { stdin: "FROM box:1\n" });
    expect(clean).toMatchObject({ code: 0, stdout: "Check complete, no warnings found.\n" });
    const strict = await build(daemon, `# check=error=true\n${dockerfile}`);
    expect({ code: strict.code, told: strict.stderr.includes("lint violation found for rules") }).toEqual({
      code: 1,
      told: true,
    });
    expect((await build(daemon, `# check=skip=all;error=true\n${dockerfile}`)).code).toBe(0);
  });

  test("an error shows its source lines and the last output", async () => {
    const { code, stderr } = await daemon.tbox(["build", "--progress=plain", "-"], {
      stdin: "FROM box:1\nRUN echo before\nRUN echo said; \\\n  exit 7\nRUN echo never\n",
    });
    expect(code).toBe(1);
    expect(stderr).toContain("> [3/4] RUN echo said;   exit 7:\nsaid\n");
    expect(stderr).toContain("Dockerfile:3\n");
    expect(stderr).toContain(
      "   3 | >>> RUN echo said; \\\n   4 | >>>   exit 7\n   5 |     RUN echo never\n",
    );
    expect(stderr).toContain("returned a non-zero code: 7");
    expect(stderr).not.toContain("[4/4]");
  });

  test.each([
    ["RUNN x", "unknown instruction: RUNN (did you mean RUN?)"],
    ["COPY --form=x a /b", "unknown flag: --form (did you mean from?)"],
    ["RUN --security=insecure true", "a build has the rights of a container"],
    ["RUN --device=x true", "not supported"],
    ["FROM nosuch-base.invalid/x", "nosuch-base.invalid"],
    ["COPY --from=9 /x /y", "invalid stage index 9"],
    ["RUN <<END\nnever", "unterminated heredoc"],
  ])("%s is refused by name", async (line, reason) => {
    const { code, stderr } = await build(daemon, `FROM box:1\n${line}\n`);
    expect({ code, told: stderr.includes(reason) ? reason : stderr }).toEqual({ code: 1, told: reason });
  });
});
