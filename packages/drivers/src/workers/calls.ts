import type { Transferable } from "node:worker_threads";
import { MillraceError } from "@millrace/core";
import { fromWire, toWire, type WireError } from "./wire-errors.ts";

/** The end of a channel between two threads. */
export interface ChannelEnd {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
}

interface AnyMethod {
  readonly argument: unknown;
  readonly result: unknown;
}

export type Methods<M> = { readonly [Name in keyof M]: AnyMethod };

/** What answers the other side's calls, one function a method. */
export type Handlers<M extends Methods<M>> = {
  readonly [Name in keyof M]: (argument: M[Name]["argument"]) => Answer<M[Name]["result"]> | Promise<Answer<M[Name]["result"]>>;
};

type Answer<R> = R | Given<R>;

/** A result whose buffers are given away with it. */
class Given<R> {
  readonly value: R;
  readonly transfer: readonly Transferable[];

  constructor(value: R, transfer: readonly Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

export function giving<R>(value: R, ...transfer: readonly Transferable[]): Given<R> {
  return new Given(value, transfer);
}

type Message =
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly kind: "tell"; readonly method: string; readonly argument: unknown }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: WireError };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Calls between two threads, both ways over one channel. What is said in one turn of the event loop,
 * promises and all, goes as one message: to wake the other thread costs more than what is said. A call rejects with the other side's error, or when the channel is ended.
 */
export class Calls<Mine extends Methods<Mine>, Theirs extends Methods<Theirs>> {
  readonly #channel: ChannelEnd;
  readonly #handlers: Handlers<Mine>;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #outgoing: Message[] = [];
  #transfer: Transferable[] = [];
  #ended: Error | undefined;

  constructor(channel: ChannelEnd, handlers: Handlers<Mine>) {
    this.#channel = channel;
    this.#handlers = handlers;
  }

  call<Name extends keyof Theirs & string>(method: Name, argument: Theirs[Name]["argument"], ...transfer: readonly Transferable[]): Promise<Theirs[Name]["result"]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#say({ kind: "call", id, method, argument }, transfer);
    return promise;
  }

  /** A call that wants no answer. */
  tell<Name extends keyof Theirs & string>(method: Name, argument: Theirs[Name]["argument"], ...transfer: readonly Transferable[]): void {
    if (this.#ended === undefined) this.#say({ kind: "tell", method, argument }, transfer);
  }

  /** Takes what came over the channel. */
  receive(message: unknown): void {
    for (const one of message as readonly Message[]) {
      if (one.kind === "call") void this.#answer(one.id, one.method, one.argument);
      else if (one.kind === "tell") void this.#handle(one.method, one.argument);
      else this.#settle(one);
    }
  }

  /** The other side is gone: everything that waits for it, and every later call, rejects with the reason. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
  }

  #settle(message: Extract<Message, { id: number; kind: "result" | "error" }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === "result") waiting?.resolve(message.value);
    else waiting?.reject(fromWire(message.error));
  }

  async #answer(id: number, method: string, argument: unknown): Promise<void> {
    try {
      const answer = await this.#handle(method, argument);
      if (this.#ended !== undefined) return;
      if (answer instanceof Given) this.#say({ kind: "result", id, value: answer.value }, answer.transfer);
      else this.#say({ kind: "result", id, value: answer }, []);
    } catch (error) {
      if (this.#ended === undefined) this.#say({ kind: "error", id, error: toWire(error) }, []);
    }
  }

  #handle(method: string, argument: unknown): unknown {
    const handlers: Readonly<Record<string, ((argument: unknown) => unknown) | undefined>> = this.#handlers;
    const handler = handlers[method];
    if (handler === undefined) throw new MillraceError("MILLRACE_INVARIANT", "workers", `no method ${method}`);
    return handler(argument);
  }

  #say(message: Message, transfer: readonly Transferable[]): void {
    if (this.#outgoing.length === 0) queueMicrotask(() => process.nextTick(() => this.#flush()));
    this.#outgoing.push(message);
    for (const one of transfer) this.#transfer.push(one);
  }

  #flush(): void {
    const messages = this.#outgoing;
    const transfer = this.#transfer;
    this.#outgoing = [];
    this.#transfer = [];
    if (this.#ended === undefined) this.#channel.postMessage(messages, transfer);
  }
}
