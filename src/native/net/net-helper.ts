import { errorCode, TboxError } from "#support/errors.ts";
import { openLog } from "#support/log.ts";
import { FailureError } from "../addon/failure.ts";
import { type Channel, type ChannelListener, keepAlive } from "../addon/reactor.ts";
import { withoutType } from "../protocol/message.ts";
import {
  type FromNet,
  fromNetSchema,
  type NetRequest,
  type Publication,
  type ToNet,
  type Uplink,
} from "../protocol/net.ts";
import { continueNetHelper } from "../zygote/wake.ts";
import { answerTime } from "../zygote/zygote-connection.ts";

/** The state of the net helper. */
export interface NetState {
  pid: number;
  uplink: Uplink;
  /** Network namespaces that were created and not released. */
  namespaces: number[];
  /** Network namespaces with published ports. */
  published: number[];
}

/** A host port that is listened on at each of the addresses. */
export interface HostPort {
  addresses: string[];
  port: number;
}

/** The process that creates bridges and namespaces, forwards connections and resolves names. */
export interface NetHelper extends Disposable {
  /** Resolves when the helper has finished; rejects with a `FailureError`. */
  perform(request: PlainRequest): Promise<void>;
  getState(): Promise<NetState>;
  /** Returns the host ports in the order of the request. Rejects with a `FailureError` whose subject is the unavailable port. */
  publish(publication: Publication): Promise<HostPort[]>;
}

/** Maximum number of ports in one message. The helper forwards nothing while it opens them. */
const portsAtOnce = 32;

/** The requests without the lifetime of the connection. */
export type NetHelperRequests = Pick<NetHelper, "perform" | "getState" | "publish">;
type PlainRequest = Exclude<NetRequest, { type: "survey" | "publish" }>;

export interface NetHelperOptions {
  /** Opens a channel to the helper and starts one if none runs. */
  connect: (listener: ChannelListener) => Promise<Channel>;
  /** Sends the current networks to a helper that has just started, before any other request. */
  restore: (helper: NetHelperRequests) => Promise<void>;
  /** Called when the helper has died. The next request starts it again. */
  onDeath: () => void;
}

interface Connection {
  channel: Channel;
  ask(request: NetRequest): Promise<FromNet>;
}

/** Opens a client of the net helper. The first request finds or starts the helper, also after its death. */
export function openNetHelper({ connect, restore, onDeath }: NetHelperOptions): NetHelper {
  let current: Promise<Connection> | undefined;
  let closed = false;

  /** Process ID of the helper, once it has told its state. */
  let helper: number | undefined;
  const resume = () => {
    if (helper === undefined || !continueNetHelper(helper)) return;
    openLog("network").warn("the net helper was stopped by a signal, and continues");
  };

  async function open(forget: () => void): Promise<Connection> {
    const pending = new Map<number, PromiseWithResolvers<FromNet>>();
    let last = 0;
    let gone: TboxError | undefined;
    const end = (cause: unknown) => {
      if (gone) return;
      gone = new TboxError("unavailable", "the net helper has died", { cause });
      for (const { reject } of pending.values()) reject(gone);
      forget();
      if (!closed) onDeath();
    };
    const channel = await connect({
      message(text) {
        const answer = fromNetSchema.parse(JSON.parse(text));
        if (answer.type === "state") helper = answer.pid;
        pending.get(answer.request)?.resolve(answer);
        pending.delete(answer.request);
      },
      closed: (reason) => end(reason === undefined ? undefined : new Error(reason)),
    });
    const connection: Connection = {
      channel,
      async ask(body) {
        if (gone) throw gone;
        using _ = keepAlive();
        const request = ++last;
        const answer = Promise.withResolvers<FromNet>();
        pending.set(request, answer);
        const message: ToNet = { request, ...body };
        try {
          channel.send(JSON.stringify(message));
        } catch (error) {
          // The helper has just died, and the event that closes the channel has not arrived yet.
          end(error);
        }
        const resuming = setTimeout(resume, answerTime).unref();
        return await answer.promise.finally(() => clearTimeout(resuming));
      },
    };
    await restore(requests(connection.ask));
    return connection;
  }

  function connected(): Promise<Connection> {
    if (closed) throw new TboxError("unavailable", "the daemon is stopping");
    if (current) return current;
    const forget = () => {
      if (current === opening) current = undefined;
    };
    const opening = open(forget);
    opening.catch(forget);
    current = opening;
    return opening;
  }

  return {
    ...requests(async (request) => {
      try {
        return await (await connected()).ask(request);
      } catch (error) {
        if (errorCode(error) !== "unavailable" || closed) throw error;
        // A new helper has received the networks by now, so the request can be repeated.
        return await (await connected()).ask(request);
      }
    }),
    [Symbol.dispose]() {
      closed = true;
      void current?.then(({ channel }) => channel.close()).catch(() => {});
    },
  };
}

function requests(ask: Connection["ask"]): NetHelperRequests {
  return {
    async perform(request) {
      const answer = await ask(request);
      if (answer.type !== "done") throw unexpected(answer);
    },
    async getState() {
      const answer = await ask({ type: "survey" });
      if (answer.type !== "state") throw unexpected(answer);
      const { pid, uplink, sandboxes, published } = answer;
      return { pid, uplink, namespaces: sandboxes, published };
    },
    async publish(publication) {
      const { sandbox, ports } = publication;
      const published: HostPort[] = [];
      for (let start = 0; start < ports.length; start += portsAtOnce) {
        const part = ports.slice(start, start + portsAtOnce);
        const answer = await ask({ type: "publish", ...publication, ports: part });
        if (answer.type !== "published") {
          // Without an address, the helper closes the ports of the earlier parts.
          if (start > 0) await ask({ type: "retarget", sandbox });
          throw unexpected(answer);
        }
        published.push(...answer.ports);
      }
      return published;
    },
  };
}

function unexpected(answer: FromNet): Error {
  if (answer.type !== "failed") return new TboxError("internal", `the net helper answered ${answer.type}`);
  const { request: _, ...failure } = withoutType(answer);
  return new FailureError(failure);
}
