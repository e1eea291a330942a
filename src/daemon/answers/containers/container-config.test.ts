import { expect, test } from "bun:test";
import { shapeConfig } from "./container-config.ts";

const shape = (config: Parameters<typeof shapeConfig>[0]["config"]) =>
  shapeConfig({ id: "0123456789abcdef", image: "i", config });

test("fields that only some containers have are left out when they are empty", () => {
  const shaped = shape({ ExposedPorts: {}, NetworkDisabled: false, Shell: [], ArgsEscaped: false });
  for (const name of ["ExposedPorts", "NetworkDisabled", "Shell", "ArgsEscaped"])
    expect(shaped).not.toHaveProperty(name);
});

test("a health check has the fields that are set", () => {
  expect(shape({ Healthcheck: { Test: [], Interval: 0, Retries: 3 } }).Healthcheck).toEqual({ Retries: 3 });
});

test("the container-wide address is shown as it was sent", () => {
  expect(shape({ MacAddress: "02:00:00:00:00:01" }).MacAddress).toBe("02:00:00:00:00:01");
});
