import { BarChart, BoxplotChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { quantile } from "simple-statistics";
import type { Group, Phase, Throughput } from "../result.ts";

use([BarChart, BoxplotChart, LineChart, GridComponent, LegendComponent, SVGRenderer]);

/** Size of a picture in pixels; a narrow one is for phones. */
export interface Size {
  width: number;
  narrow: boolean;
}

const text = { fontFamily: "system-ui, sans-serif", color: "#222" };

/** Draws the distribution of each series: 5 %, quartiles and 95 %. */
export function distributionChart({ series, unit }: Group, size: Size): string {
  const measured = series.filter(({ samples }) => samples.length > 0).reverse();
  const boxes = measured.map(({ samples }) =>
    [0.05, 0.25, 0.5, 0.75, 0.95].map((share) => round(quantile([...samples], share))),
  );
  return draw(
    {
      ...names(
        measured.map(({ name }) => name),
        unit,
        size,
      ),
      series: [{ type: "boxplot", data: boxes, itemStyle: { color: "#cfe3f5", borderColor: "#1f5f99" } }],
    },
    { ...size, height: 90 + 44 * measured.length },
  );
}

/** Draws the medians side by side, on a logarithmic scale if they differ widely. */
export function medianChart({ series, unit }: Group, size: Size): string {
  const measured = series.filter(({ samples }) => samples.length > 0).reverse();
  const medians = measured.map(({ samples }) => round(quantile([...samples], 0.5)));
  const wide = Math.max(...medians) > 20 * Math.min(...medians);
  const axis = names(
    measured.map(({ name }) => name),
    unit,
    size,
  );
  const bar = {
    type: "bar",
    data: medians,
    barMaxWidth: 26,
    label: { show: true, position: "right", formatter: `{c} ${unit}`, ...text },
    itemStyle: { color: "#1f5f99" },
  };
  const xAxis = { ...axis.xAxis, ...(wide ? { type: "log", min: 1 } : {}) };
  return draw(
    { ...axis, grid: { ...axis.grid, right: 80 }, xAxis, series: [bar] },
    { ...size, height: 90 + 40 * measured.length },
  );
}

/** Draws the phases of a start as a waterfall. */
export function phaseChart(phases: readonly Phase[], size: Size): string {
  const rows = [...phases].reverse();
  const axis = names(
    rows.map(({ part, name }) => `${part}: ${name}`),
    "ms",
    size,
  );
  const colours: Record<string, string> = {
    API: "#7a4fa3",
    daemon: "#1f5f99",
    zygote: "#2f8f6b",
    monitor: "#b07a1a",
  };
  const bars = rows.map(({ part, start, end }) => ({
    value: round(end - start),
    itemStyle: { color: colours[part] ?? "#c0504d" },
  }));
  const label = { show: true, position: "right", formatter: "{c}", ...text };
  return draw(
    {
      ...axis,
      grid: { ...axis.grid, right: 60 },
      series: [
        {
          type: "bar",
          stack: "time",
          silent: true,
          data: rows.map(({ start }) => start),
          itemStyle: { color: "transparent" },
        },
        { type: "bar", stack: "time", barMaxWidth: 18, data: bars, label },
      ],
    },
    { ...size, height: 90 + 26 * rows.length },
  );
}

/** Draws the starts per second against the number of clients. */
export function throughputChart(all: readonly Throughput[], size: Size): string {
  const lines = [...new Set(all.map(({ name }) => name))];
  const levels = [...new Set(all.map(({ parallel }) => parallel))].sort((a, b) => a - b);
  const rate = (name: string, level: number) => {
    const found = all.find((one) => one.name === name && one.parallel === level);
    return found === undefined ? null : round(found.perSecond);
  };
  return draw(
    {
      textStyle: text,
      legend: { top: 0, itemGap: 16, itemWidth: 18, textStyle: { ...text, padding: [0, 8, 0, 0] } },
      grid: { left: 50, right: 20, top: size.narrow ? 70 : 45, bottom: 50 },
      xAxis: {
        type: "category",
        data: levels.map(String),
        name: "at a time",
        nameLocation: "middle",
        nameGap: 30,
      },
      yAxis: { type: "value" },
      color: ["#1f5f99", "#c0504d", "#2f8f6b", "#b07a1a", "#7a4fa3", "#555555"],
      series: lines.map((name) => ({
        type: "line",
        name,
        symbolSize: 8,
        connectNulls: true,
        data: levels.map((level) => rate(name, level)),
      })),
    },
    { ...size, height: 320 },
  );
}

/** Axes of a horizontal chart with a name for each row. */
function names(rows: string[], unit: string, { narrow }: Size) {
  return {
    textStyle: text,
    grid: { left: narrow ? 130 : 190, right: 20, top: 10, bottom: 50 },
    xAxis: { type: "value", name: unit, nameLocation: "middle", nameGap: 28, axisLabel: text },
    yAxis: {
      type: "category",
      data: rows,
      axisLabel: { ...text, interval: 0, ...(narrow ? { width: 120, overflow: "break", fontSize: 11 } : {}) },
    },
  };
}

function draw(option: EChartsCoreOption, { width, height }: Size & { height: number }): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
