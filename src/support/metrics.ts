/** Labels of a sample, in the order of the exposition. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(labels?: Labels, amount?: number): void;
}

/** Counts of values by upper bounds, with their sum. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Current values, read when the metrics are requested. */
export type ReadGauge = () => Promise<[Labels, number][]> | [Labels, number][];

/** The metrics of the daemon, in Prometheus' text format. Names and help texts must be unique and on one line. */
export interface Metrics {
  counter(name: string, help: string): Counter;
  histogram(name: string, help: string, bounds: readonly number[]): Histogram;
  gauge(name: string, help: string, read: ReadGauge): void;
  /** Returns the exposition. Leaves out a gauge that cannot be read. */
  render(): Promise<string>;
}

/** Opens an empty set of metrics in memory; the values begin at 0 when the daemon starts. */
export function openMetrics(): Metrics {
  const families: (() => Promise<string[]>)[] = [];
  const family = (name: string, type: string, help: string, lines: () => Promise<string[]> | string[]) => {
    families.push(async () => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...(await lines())]);
  };
  return {
    counter(name, help) {
      const values = new Map<string, number>();
      family(name, "counter", help, () => [...values].map(([labels, value]) => `${name}${labels} ${value}`));
      return {
        add(labels = {}, amount = 1) {
          const key = textOf(labels);
          values.set(key, (values.get(key) ?? 0) + amount);
        },
      };
    },
    histogram(name, help, bounds) {
      const series = new Map<string, Series>();
      family(name, "histogram", help, () =>
        [...series.values()].flatMap((one) => histogramLines(name, bounds, one)),
      );
      return {
        observe(value, labels = {}) {
          const key = textOf(labels);
          const one = series.get(key) ?? { labels, counts: bounds.map(() => 0), count: 0, sum: 0 };
          series.set(key, one);
          const bucket = bounds.findIndex((bound) => value <= bound);
          if (bucket >= 0) one.counts[bucket] = (one.counts[bucket] ?? 0) + 1;
          one.count++;
          one.sum += value;
        },
      };
    },
    gauge(name, help, read) {
      family(name, "gauge", help, async () => {
        const samples = await Promise.resolve(read()).catch(() => []);
        return samples.map(([labels, value]) => `${name}${textOf(labels)} ${value}`);
      });
    },
    async render() {
      const texts = await Promise.all(families.map((lines) => lines()));
      return `${texts.flat().join("\n")}\n`;
    },
  };
}

interface Series {
  labels: Labels;
  /** Values in each bucket alone, without those of smaller buckets. */
  counts: number[];
  count: number;
  sum: number;
}

function histogramLines(name: string, bounds: readonly number[], series: Series): string[] {
  const { labels, counts, count, sum } = series;
  let below = 0;
  const buckets = bounds.map((bound, index) => {
    below += counts[index] ?? 0;
    return `${name}_bucket${textOf({ ...labels, le: String(bound) })} ${below}`;
  });
  return [
    ...buckets,
    `${name}_bucket${textOf({ ...labels, le: "+Inf" })} ${count}`,
    `${name}_sum${textOf(labels)} ${sum}`,
    `${name}_count${textOf(labels)} ${count}`,
  ];
}

function textOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
