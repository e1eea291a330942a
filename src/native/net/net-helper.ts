import { errorCode, TboxError } from "#support/errors.ts";
import { FailureError } from "../addon/failure.ts";
import { type Channel, type ChannelListener, keepAlive } from "../addon/reactor.ts";
import { withoutType } from "../zygote/protocol.ts";
import {
  type FromNet,
  fromNetSchema,
  type NetOrder,
  type Publication,
  type ToNet,
  type Uplink,
} from "./net-protocol.ts";

/** What the helper says of itself. */
export interface NetState {
  pid: number;
  uplink: Uplink;
  /** Those that were made and not released. */
  sandboxes: number[];
  /** Those of them for which ports are listened on. */
  published: number[];
}

/** A port of the host: the same on each of the addresses. */
export interface HostPort {
  addresses: string[];
  port: number;
}

/** The process that makes networks and carries what goes beyond them. */
export interface NetHelper extends Disposable {
  /** Resolves when it is done; rejects with a `FailureError`. */
  perform(order: PlainOrder): Promise<void>;
  survey(): Promise<NetState>;
  /** In the order they were asked for. Rejects with a `FailureError` whose subject is the port that cannot be had. */
  publish(publication: Publication): Promise<HostPort[]>;
}

type Requests = Pick<NetHelper, "perform" | "survey" | "publish">;
type PlainOrder = Exclude<NetOrder, { type: "survey" | "publish" }>;

export interface NetHelperOptions {
  /** Opens a channel to the helper, which is started if none runs. */
  connect: (listener: ChannelListener) => Promise<Channel>;
  /** Tells a helper just started what there is, through this, before anybody else speaks to it. */
  restore: (helper: Requests) => Promise<void>;
  /** The helper has died: it is started anew at the next request. */
  lost: () => void;
}

interface Connection {
  channel: Channel;
  ask(order: NetOrder): Promise<FromNet>;
}

/** The net helper, which is found or started by the first request, and again whenever it has died. */
export function openNetHelper({ connect, restore, lost }: NetHelperOptions): NetHelper {
  let current: Promise<Connection> | undefined;
  let closed = false;

  async function open(forget: () => void): Promise<Connection> {
    const open = new Map<number, PromiseWithResolvers<FromNet>>();
    let last = 0;
    let gone: TboxError | undefined;
    const end = (cause: unknown) => {
      if (gone) return;
      gone = new TboxError("unavailable", "the net helper has ended", { cause });
      for (const { reject } of open.values()) reject(gone);
      forget();
      if (!closed) lost();
    };
    const channel = await connect({
      message(text) {
        const answer = fromNetSchema.parse(JSON.parse(text));
        open.get(answer.request)?.resolve(answer);
        open.delete(answer.request);
      },
      closed: (reason) => end(reason === undefined ? undefined : new Error(reason)),
    });
    const connection: Connection = {
      channel,
      async ask(order) {
        if (gone) throw gone;
        using _ = keepAlive();
        const request = ++last;
        const answer = Promise.withResolvers<FromNet>();
        open.set(request, answer);
        const message: ToNet = { request, ...order };
        try {
          channel.send(JSON.stringify(message));
        } catch (error) {
          // It died a moment ago, and the news is still on its way.
          end(error);
        }
        return await answer.promise;
      },
    };
    await restore(powers(connection.ask));
    return connection;
  }

  function connected(): Promise<Connection> {
    if (closed) throw new TboxError("unavailable", "the daemon ends");
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
    ...powers(async (order) => {
      try {
        return await (await connected()).ask(order);
      } catch (error) {
        if (errorCode(error) !== "unavailable" || closed) throw error;
        // Another one is told everything anew, and then this.
        return await (await connected()).ask(order);
      }
    }),
    [Symbol.dispose]() {
      closed = true;
      void current?.then(({ channel }) => channel.close()).catch(() => {});
    },
  };
}

function powers(ask: Connection["ask"]): Requests {
  return {
    async perform(order) {
      const answer = await ask(order);
      if (answer.type !== "done") throw unexpected(answer);
    },
    async survey() {
      const answer = await ask({ type: "survey" });
      if (answer.type !== "state") throw unexpected(answer);
      const { pid, uplink, sandboxes, published } = answer;
      return { pid, uplink, sandboxes, published };
    },
    async publish(publication) {
      const answer = await ask({ type: "publish", ...publication });
      if (answer.type !== "published") throw unexpected(answer);
      return answer.ports;
    },
  };
}

function unexpected(answer: FromNet): Error {
  if (answer.type !== "failed") return new TboxError("internal", `the net helper answered ${answer.type}`);
  const { request: _, ...failure } = withoutType(answer);
  return new FailureError(failure);
}
