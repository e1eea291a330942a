import { expect, test } from "bun:test";
import { compileFormat } from "./listing.ts";
import { withTypedFields } from "./typed-fields.ts";

const container = {
  Id: "abc",
  ExecIDs: null,
  State: { Status: "running" },
  Config: { OnBuild: null, Env: ["A=b"] },
  HostConfig: { Memory: 5 },
};

// The output of Docker's command line.
test.each([
  ["{{if .State.Health}}healthy{{else}}none{{end}}", "none"],
  ["{{.State.Health}} {{json .State.Health}}", "<nil> null"],
  ["{{.Config.Healthcheck}} {{.Config.StopTimeout}}", "<nil> <nil>"],
  ["{{.Config.StopSignal}}|{{.Config.NetworkDisabled}}", "|false"],
  ["{{.Config.ExposedPorts}} {{range $port, $_ := .Config.ExposedPorts}}x{{end}}", "map[] "],
  ["{{.ExecIDs}} {{.Config.OnBuild}} {{len .Config.Shell}} {{json .ExecIDs}}", "[] [] 0 null"],
  ["{{.HostConfig.Memory}} {{.HostConfig.KernelMemory}} {{.HostConfig.Init}}", "5 0 <nil>"],
  ["{{.ID}} {{.Config.Env}}", "abc [A=b]"],
  ["{{json .State}}", '{"Status":"running"}'],
])("%s of a container prints %s", (template, text) => {
  expect(compileFormat(template)(withTypedFields(container))).toBe(text);
});

test("an unknown field is an error", () => {
  const format = compileFormat("{{.Config.Nope}}");
  expect(() => format(withTypedFields(container))).toThrow('map has no entry for key "Nope"');
  expect(() => compileFormat("{{.State.Health.Status}}")(withTypedFields(container))).toThrow("nil data");
});

test("images, volumes and networks have the fields of their types", () => {
  const shown = (template: string, object: object) => compileFormat(template)(withTypedFields(object));
  expect(shown("{{.Created}}|{{.Config.Volumes}}|{{.Variant}}", { RootFS: {}, Config: {} })).toBe("|map[]|");
  expect(shown("{{.Status}} {{.UsageData}} {{.Labels}}", { Mountpoint: "/x", Labels: null })).toBe(
    "map[] <nil> map[]",
  );
  expect(shown("{{.Peers}} {{.Ingress}}", { IPAM: {} })).toBe("[] false");
});
