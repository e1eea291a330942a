import { expect, test } from "bun:test";
import { daemonVariables, planUnits } from "./units.ts";

test("a path and a value with signs that mean something to systemd are what they were", () => {
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
  expect(() => planUnits({ command: ["/tbox"], socket: "/s", environment })).toThrow("cannot hold");
});

test("of the environment the daemon is told where things are and how the network is reached", () => {
  const environment = {
    TBOX_DATA_DIR: "/d",
    https_proxy: "http://p",
    HOME: "/h",
    LISTEN_FDS: "1",
    X: undefined,
  };
  expect(daemonVariables(environment)).toEqual({ TBOX_DATA_DIR: "/d", https_proxy: "http://p" });
});
