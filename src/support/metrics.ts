/** Labels of a sample, in the order of the exposition. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(labels?: Labels, amount?: number): void;
  /** Returns a function that adds 1 to the number with these labels. */
  adder(labels: Labels): () => void;
}

/** Counts of values by upper bounds, with their sum. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
  /** Returns a function that observes values with these labels. */
  observer(labels: Labels): (value: number) => void;
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
      const add = (key: string, amount: number) => values.set(key, (values.get(key) ?? 0) + amount);
      return {
        add: (labels = {}, amount = 1) => void add(textOf(labels), amount),
        adder(labels) {
          const key = textOf(labels);
          return () => void add(key, 1);
        },
      };
    },
    histogram(name, help, bounds) {
      const series = new Map<string, Series>();
      family(name, "histogram", help, () =>
        [...series.values()].flatMap((one) => histogramLines(name, bounds, one)),
      );
      const observer = (labels: Labels) => {
        const key = textOf(labels);
        const one = series.get(key) ?? { labels, counts: bounds.map(() => 0), count: 0, sum: 0 };
        series.set(key, one);
        return (value: number) => observe(one, bounds, value);
      };
      return { observe: (value, labels = {}) => observer(labels)(value), observer };
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

function observe(series: Series, bounds: readonly number[], value: number): void {
  const bucket = bounds.findIndex((bound) => value <= bound);
  if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
  series.count++;
  series.sum += value;
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
  let text = "";
  for (const name in labels) text += `${text === "" ? "" : ","}${name}="${escapeValue(labels[name] ?? "")}"`;
  return text === "" ? "" : `{${text}}`;
}

function escapeValue(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
