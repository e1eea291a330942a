import { expect, test } from "bun:test";
import { daemonVariables, planUnits } from "./units.ts";

test("special characters of systemd in paths and values are escaped", () => {
  const units = planUnits({
    command: ['/opt/100% "tbox"/tbox'],
    socket: "%t/tbox/tbox.sock",
    environment: { TBOX_DATA_DIR: "/srv/$HOME/a b" },
  });
  expect(units["tbox.service"]).toContain('ExecStart="/opt/100%% \\"tbox\\"/tbox" daemon\n');
  expect(units["tbox.service"]).toContain('Environment="TBOX_DATA_DIR=/srv/$$HOME/a b"\n');
  expect(units["tbox.socket"]).toContain("ListenStream=%t/tbox/tbox.sock\n");
});

test("a line break is refused", () => {
  const environment = { HTTP_PROXY: "http://x\nExecStartPre=/bin/true" };
  expect(() => planUnits({ command: ["/tbox"], socket: "/s", environment })).toThrow(
    "cannot contain a line break",
  );
});

test("the daemon gets the variables of locations and proxies", () => {
  const environment = {
    TBOX_DATA_DIR: "/d",
    https_proxy: "http://p",
    HOME: "/h",
    LISTEN_FDS: "1",
    X: undefined,
  };
  expect(daemonVariables(environment)).toEqual({ TBOX_DATA_DIR: "/d", https_proxy: "http://p" });
});
