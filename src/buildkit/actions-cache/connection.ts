import { setTimeout as sleep } from "node:timers/promises";
import { TboxError } from "#support/errors.ts";
import { openAddress } from "#support/http/open-download.ts";
import { type Reach, reachOfNamed } from "#support/http/reach.ts";
import { type HttpAnswer, type HttpRequest, sendRequest } from "#support/http/send-request.ts";
import { errorOf, readAnswer, ServiceError } from "./answer.ts";

type Request = Pick<HttpRequest, "method" | "headers" | "body">;

/** Connection to the cache service, and to the addresses that it names. */
export interface Connection {
  /** Calls the service with the workflow's token; returns the JSON object of its answer. */
  call(url: URL, request: Request, signal: AbortSignal): Promise<Record<string, unknown> | undefined>;
  /** Sends a request without the token to an address of the service. */
  put(url: URL, request: Request, signal: AbortSignal): Promise<void>;
  /** Opens the bytes at an address of the service from an offset on, or from the start. */
  download(
    address: string,
    offset: number,
    signal: AbortSignal,
  ): Promise<{ offset: number; bytes: AsyncIterable<Uint8Array> }>;
}

/** Waits after a broken connection or an error of the server, in milliseconds. */
const waits = [250, 1000, 3000];
/** First and longest wait after an answer that demands fewer requests, in milliseconds. */
const [firstWait, longestWait] = [1000, 90_000];
/** Longest time without a byte of a download, in milliseconds. */
const patience = 60_000;

/** Connects to the service of a workflow. A service on another machine reaches no address of this machine. */
export function openConnection(service: { url: URL; token: string; timeout: number }): Connection {
  const { timeout } = service;
  const reach = reachOfNamed(service.url.href);
  const send = (url: URL, request: Request, signal: AbortSignal) =>
    retrying({ timeout, signal }, async () => {
      const answer = await within(timeout, signal, (limited) =>
        sendRequest(url, { ...request, reach, signal: limited }),
      );
      if (answer.status >= 200 && answer.status < 300) return answer;
      throw await errorOf(answer, url);
    });
  return {
    async call(url, request, signal) {
      const headers = { Authorization: `Bearer ${service.token}`, ...request.headers };
      return readAnswer(await send(url, { ...request, headers }, signal));
    },
    put: async (url, request, signal) => (await send(url, request, signal)).discard(),
    download: (address, offset, signal) =>
      retrying({ timeout, signal }, () => openBytes(address, offset, { reach, signal, timeout })),
  };
}

async function openBytes(
  address: string,
  offset: number,
  { reach, signal, timeout }: { reach: Reach; signal: AbortSignal; timeout: number },
) {
  const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` };
  const answer = await within(timeout, signal, (limited) =>
    openAddress(address, { headers, reach, signal: limited }),
  );
  if (answer.status !== 200 && answer.status !== 206) throw await errorOf(answer, new URL(address));
  const isPart = answer.header("content-range")?.startsWith(`bytes ${offset}-`) ?? false;
  if (answer.status === 206 && !isPart) {
    answer.discard();
    throw new TboxError("unavailable", "the actions cache sent another part than the one asked for");
  }
  return { offset: answer.status === 206 ? offset : 0, bytes: patient(answer) };
}

/** Ends work that takes too long. The signal of the work also ends what the work has opened. */
async function within<T>(
  timeout: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const error = new TboxError("unavailable", `the actions cache did not answer within ${timeout / 1000} s`);
  const timer = setTimeout(() => late.abort(error), timeout);
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** Yields the bytes of an answer; throws if the server falls silent. */
async function* patient(answer: HttpAnswer): AsyncGenerator<Uint8Array> {
  const chunks = answer.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { promise: silence, reject } = Promise.withResolvers<never>();
      const error = new TboxError("unavailable", `the actions cache sent nothing for ${patience / 1000} s`);
      const timer = setTimeout(() => reject(error), patience);
      const chunk = await Promise.race([chunks.next(), silence]).finally(() => clearTimeout(timer));
      if (chunk.done) return;
      yield chunk.value;
    }
  } finally {
    answer.discard();
  }
}

/** Repeats a request that the server refused for a while, and a few times one that failed on the way. */
async function retrying<T>(
  { timeout, signal }: { timeout: number; signal: AbortSignal },
  attempt: () => Promise<T>,
): Promise<T> {
  const last = Date.now() + timeout;
  for (let count = 0; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const wait = waitAfter(error, count);
      if (wait === undefined || Date.now() + wait > last) throw error;
      await sleep(wait, undefined, { signal }).catch((cause) => {
        signal.throwIfAborted();
        throw cause;
      });
    }
  }
}

/** Returns the time until the next attempt in milliseconds; undefined if there is none. */
function waitAfter(error: unknown, count: number): number | undefined {
  if (error instanceof ServiceError) {
    if (error.status === 429) return error.after ?? Math.min(longestWait, firstWait * 2 ** count);
    return error.status >= 500 ? waits[count] : undefined;
  }
  return error instanceof TboxError && error.code === "unavailable" ? waits[count] : undefined;
}
