import { expect, test } from "bun:test";
import { runFlags } from "../commands/container/run.ts";
import { parseFlags } from "../flags/parse.ts";
import { createBody } from "./create-body.ts";

function body(line: string, options: { detach?: boolean } = {}) {
  const parsed = parseFlags(runFlags, line.split(" "), "leading");
  const { values, given, positionals } = parsed;
  return createBody(
    { flags: values, given, positionals },
    {
      environment: { USER_SET: "yes" },
      directory: "/here",
      detach: options.detach ?? false,
      readEntries: async (path, kind) => [`${kind}=${path}`, "SAME=file"],
      readProfile: async (path) => `{"file":"${path}"}`,
      consoleSize: [47, 131],
    },
  );
}

test("the request contains the image, the command and the defaults only", async () => {
  expect(await body("debian:12 echo -n hi")).toEqual({
    Image: "debian:12",
    Cmd: ["echo", "-n", "hi"],
    Env: [],
    Labels: {},
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: { AutoRemove: false },
  });
});

test("with -t, the request contains the terminal's size", async () => {
  expect(await body("-it --rm x")).toMatchObject({
    Tty: true,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    HostConfig: { AutoRemove: true, ConsoleSize: [47, 131] },
  });
});

test("a detached container has no attached streams, and -i keeps its standard input open", async () => {
  expect(await body("-i x", { detach: true })).toMatchObject({
    OpenStdin: true,
    StdinOnce: false,
    AttachStdin: false,
    AttachStdout: false,
  });
});

test("--attach selects the streams", async () => {
  expect(await body("-a stderr x")).toMatchObject({ AttachStdout: false, AttachStderr: true });
});

test("entries of files precede entries of the command line", async () => {
  const { Env, Labels } = await body(
    "--env-file e -e SAME=line -e USER_SET -e NOT_SET --label-file l -l a=b x",
  );
  expect(Env).toEqual(["env=e", "SAME=file", "SAME=line", "USER_SET=yes"]);
  expect(Labels).toEqual({ label: "l", SAME: "file", a: "b" });
});

test("an empty entrypoint removes the entrypoint of the image", async () => {
  expect(await body("--entrypoint= x")).toMatchObject({ Entrypoint: [""] });
  expect((await body("x")).Entrypoint).toBeUndefined();
});

test("with --rootfs all arguments are the command", async () => {
  expect(await body("--rootfs . bash -l")).toMatchObject({ Rootfs: "/here", Cmd: ["bash", "-l"] });
  await expect(body("--rm --")).rejects.toThrow("an IMAGE or --rootfs is required");
});

test("flags of the host configuration pass to the request", async () => {
  const line =
    "-v ./a:/a:ro --mount type=bind,src=b,dst=/b --tmpfs /t:size=1m --tmpfs /u --read-only --cap-drop ALL " +
    "--cap-add CHOWN --group-add 5 --ulimit nofile=1:2 --init --userns keep-id --network none --shm-size 1m --log-driver none " +
    "--log-opt max-size=1m --add-host a:1.2.3.4 --dns 1.1.1.1 --dns-search s --dns-opt o --annotation k=v x";
  expect((await body(line)).HostConfig).toEqual({
    AutoRemove: false,
    Binds: ["/here/a:/a:ro"],
    Mounts: [{ Type: "bind", Source: "/here/b", Target: "/b" }],
    Tmpfs: { "/t": "size=1m", "/u": "" },
    ReadonlyRootfs: true,
    CapAdd: ["CHOWN"],
    CapDrop: ["ALL"],
    GroupAdd: ["5"],
    Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
    Init: true,
    UsernsMode: "keep-id",
    NetworkMode: "none",
    ShmSize: 1048576,
    LogConfig: { Type: "none", Config: { "max-size": "1m" } },
    ExtraHosts: ["a:1.2.3.4"],
    Dns: ["1.1.1.1"],
    DnsSearch: ["s"],
    DnsOptions: ["o"],
    Annotations: { k: "v" },
  });
});

test("a log option without a value is refused", async () => {
  await expect(body("--log-opt x x")).rejects.toThrow('invalid logging option "x"');
});
