import { expect, test } from "bun:test";
import { openMetrics } from "./metrics.ts";

test("counters add up for each set of labels", async () => {
  const metrics = openMetrics();
  const pulls = metrics.counter("tbox_pulls_total", "Pulls.");
  pulls.add({ result: "ok" });
  pulls.add({ result: "ok" });
  pulls.adder({ result: "ok" })();
  pulls.add({ result: 'a "b"\\\n' });
  expect(await metrics.render()).toBe(
    [
      "# HELP tbox_pulls_total Pulls.",
      "# TYPE tbox_pulls_total counter",
      'tbox_pulls_total{result="ok"} 3',
      'tbox_pulls_total{result="a \\"b\\"\\\\\\n"} 1',
      "",
    ].join("\n"),
  );
});

test("a histogram has cumulative buckets, a sum and a count", async () => {
  const metrics = openMetrics();
  const latency = metrics.histogram("seconds", "Latency.", [0.1, 1]);
  const observe = latency.observer({ phase: "exec" });
  for (const value of [0.1, 0.5]) observe(value);
  latency.observe(7, { phase: "exec" });
  expect((await metrics.render()).split("\n").slice(2, 7)).toEqual([
    'seconds_bucket{phase="exec",le="0.1"} 1',
    'seconds_bucket{phase="exec",le="1"} 2',
    'seconds_bucket{phase="exec",le="+Inf"} 3',
    'seconds_sum{phase="exec"} 7.6',
    'seconds_count{phase="exec"} 3',
  ]);
});

test("a gauge is read at each request and left out when it fails", async () => {
  const metrics = openMetrics();
  let running = 1;
  metrics.gauge("running", "Running.", () => [[{}, running]]);
  metrics.gauge("broken", "Broken.", async () => {
    throw new Error("no zygote");
  });
  expect(await metrics.render()).toContain("\nrunning 1\n");
  running = 2;
  const text = await metrics.render();
  expect(text).toContain("\nrunning 2\n");
  expect(text).not.toContain("\nbroken ");
});
