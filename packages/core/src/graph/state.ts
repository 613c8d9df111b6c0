import { milliseconds, type Duration } from "../time/duration.ts";
import { versionOf, type Version, type VersionOptions } from "./version.ts";

declare const held: unique symbol;

/** What an entry of a state's map may be named by. */
export type MapKey = string | number | bigint | boolean;

export interface StateOptions {
  /**
   * How long after the event time of its last write a value (an item of a list, an entry of a map) is
   * remembered; an older write never shortens it. Default: for ever.
   */
  readonly ttl?: Duration;
}

/** A value's own options, or those of each item of a list or entry of a map: what `migrate` gets and makes is one of them. */
export type KeptOptions<V> = StateOptions & VersionOptions<V>;

/** A state that `process` keeps for each key; its name is its place in `state`. */
export interface StateSpec<H = unknown> {
  readonly form: "value" | "list" | "map";
  /** Milliseconds of event time; Infinity: for ever. */
  readonly ttl: number;
  /** What a value is while nothing has been written. */
  readonly initial: unknown;
  readonly version: Version;
  readonly [held]?: H;
}

export type StateShape = Readonly<Record<string, StateSpec>>;

/** One value. What is written is never changed in place: write another one. */
export interface ValueState<V, Absent = undefined> {
  get(): V | Absent;
  set(value: V): void;
  delete(): void;
}

/** Values in the order they were added. */
export interface ListState<V> {
  readonly length: number;
  get(): readonly V[];
  add(value: V): void;
  /** Replaces the whole list. */
  set(values: readonly V[]): void;
  clear(): void;
}

/** Values by name, in the order in which the names were first written. */
export interface MapState<K extends MapKey, V> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): void;
  delete(key: K): void;
  clear(): void;
  entries(): Iterable<readonly [K, V]>;
}

/** The handles through which `process` reads and writes what its `state` declares. */
export type StateHandles<S extends StateShape> = { readonly [Name in keyof S]: S[Name] extends StateSpec<infer H> ? H : never };

/** Keeps one value a key; `initial` is what reads give before the first write. */
export function value<V>(options: KeptOptions<V> & { readonly initial: V }): StateSpec<ValueState<V, never>>;
export function value<V>(options?: KeptOptions<V>): StateSpec<ValueState<V>>;
export function value(options: KeptOptions<unknown> & { readonly initial?: unknown } = {}): StateSpec<never> {
  return { form: "value", ttl: ttlOf(options), initial: options.initial, version: versionOf(options, "state's version") };
}

/** Keeps a list a key; appending is cheap however long it is. */
export function list<V>(options: KeptOptions<V> = {}): StateSpec<ListState<V>> {
  return { form: "list", ttl: ttlOf(options), initial: undefined, version: versionOf(options, "state's version") };
}

/** Keeps a map a key; only the entries that changed are stored with a commit. */
export function map<K extends MapKey, V>(options: KeptOptions<V> = {}): StateSpec<MapState<K, V>> {
  return { form: "map", ttl: ttlOf(options), initial: undefined, version: versionOf(options, "state's version") };
}

/** Says the type of what an operator emits; it has no other meaning. */
export interface Output<T> {
  readonly kind: "output";
  readonly [held]?: T;
}

/** The type of what `process` emits, or gives to a side output. */
export function output<T>(): Output<T> {
  return { kind: "output" };
}

function ttlOf({ ttl }: StateOptions): number {
  return ttl === undefined ? Infinity : milliseconds(ttl, "state's ttl");
}
