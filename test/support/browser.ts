import { awaitLine } from "./program.ts";
import { until } from "./until.ts";

/** Reason why no browser can be used here; undefined when it can. */
export const browserUnavailable: string | undefined =
  Bun.which("chromium") === null ? "chromium is not installed" : undefined;

/** A tab of a browser without a window. */
export interface BrowserPage extends AsyncDisposable {
  /** Sets the size of the visible area, in pixels. */
  resize(width: number, height: number): Promise<void>;
  /** Opens an address and waits until the page and its scripts are loaded. */
  open(url: string): Promise<void>;
  /** Evaluates an expression on the page, awaits its value if it is a promise, and returns it. */
  evaluate(expression: string): Promise<unknown>;
  /** Writes what is visible to a PNG file. */
  picture(path: string): Promise<void>;
}

/** Starts chromium with an empty profile in the directory. */
export async function openBrowser(profile: string): Promise<BrowserPage> {
  const options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  options.push("--remote-debugging-port=0");
  const child = Bun.spawn(["chromium", ...options, `--user-data-dir=${profile}`, "about:blank"], {
    env: { PATH: process.env.PATH, HOME: profile },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [, address = ""] = /ws:\/\/([^/]+)/.exec(await awaitLine(child.stderr, "DevTools listening")) ?? [];
  const { call, close } = await connect(await pageAddress(address));
  return {
    async resize(width, height) {
      await call("Emulation.setDeviceMetricsOverride", {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: false,
      });
    },
    async open(url) {
      await call("Page.navigate", { url });
      const state = "location.href + ' ' + document.readyState";
      await until(async () => (await evaluate(call, state)) === `${url} complete`);
    },
    evaluate: (expression) => evaluate(call, expression),
    async picture(path) {
      const { data } = await call("Page.captureScreenshot", {});
      await Bun.write(path, Buffer.from(String(data), "base64"));
    },
    async [Symbol.asyncDispose]() {
      close();
      child.kill();
      await child.exited;
    },
  };
}

type Answer = Record<string, unknown>;
type Call = (method: string, parameters: object) => Promise<Answer>;

/** Returns the address of the DevTools protocol of the first tab. */
async function pageAddress(host: string): Promise<string> {
  let found: string | undefined;
  await until(async () => {
    const targets: unknown = await (await fetch(`http://${host}/json/list`)).json();
    if (!Array.isArray(targets)) return false;
    found = targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl;
    return found !== undefined;
  });
  return found ?? "";
}

/** Connects to a tab. Answers carry the number of their request. */
async function connect(address: string): Promise<{ call: Call; close(): void }> {
  const socket = new WebSocket(address);
  const waiting = new Map<number, (answer: { result?: Answer; error?: unknown }) => void>();
  let last = 0;
  socket.onmessage = ({ data }) => {
    const { id, ...answer } = JSON.parse(String(data));
    waiting.get(id)?.(answer);
    waiting.delete(id);
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  async function call(method: string, params: object): Promise<Answer> {
    const id = ++last;
    socket.send(JSON.stringify({ id, method, params }));
    const { promise, resolve } = Promise.withResolvers<{ result?: Answer; error?: unknown }>();
    waiting.set(id, resolve);
    const { result, error } = await promise;
    if (result === undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }
  return { call, close: () => socket.close() };
}

async function evaluate(call: Call, expression: string): Promise<unknown> {
  const options = { expression, returnByValue: true, awaitPromise: true };
  const { result, exceptionDetails } = await call("Runtime.evaluate", options);
  if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
  return typeof result === "object" && result !== null && "value" in result ? result.value : undefined;
}
