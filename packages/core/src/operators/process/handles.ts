import type { ListState, MapKey, MapState, StateSpec, ValueState } from "../../graph/state.ts";
import { LIST_CELLS, MAP_CELLS, VALUE_CELLS, type ListCell, type MapCell, type ValueCell } from "../state/cells.ts";
import type { KeySpace } from "../state/key-space.ts";
import { KeyedTable } from "../state/keyed-table.ts";
import { checkStorable } from "../state/storable.ts";
import type { StateTable } from "../state/table.ts";
import { freezeDeeply } from "../strict.ts";

/** What is being processed: its key's slot, its event time, and the time by which expiry is judged. */
export interface Scope {
  slot: number;
  time: number;
  now: number;
}

/** One declared state. Writes lie in a buffer until the element they belong to has succeeded. */
export interface Handle {
  readonly table: StateTable;
  /** Another element begins: nothing is buffered. */
  begin(): void;
  /** The element has succeeded: what is buffered becomes state. */
  apply(): void;
  forget(watermark: number): void;
}

/** The handle of a declared state; `strict` freezes what user code reads, for tests. */
export function handleOf(name: string, spec: StateSpec, keys: KeySpace, scope: Scope, strict: boolean): Handle {
  const table = `state.${name}`;
  if (spec.form === "value") return new ValueHandle(new KeyedTable(table, VALUE_CELLS, keys, spec.ttl, spec.version), spec, scope, strict);
  if (spec.form === "list") return new ListHandle(new KeyedTable(table, LIST_CELLS, keys, spec.ttl, spec.version), spec, scope, strict);
  return new MapHandle(new KeyedTable(table, MAP_CELLS, keys, spec.ttl, spec.version), spec, scope, strict);
}

abstract class TableHandle<C> implements Handle {
  readonly table: KeyedTable<C>;
  protected readonly scope: Scope;
  readonly #ttl: number;
  readonly #strict: boolean;

  constructor(table: KeyedTable<C>, spec: StateSpec, scope: Scope, strict: boolean) {
    this.table = table;
    this.scope = scope;
    this.#ttl = spec.ttl;
    this.#strict = strict;
  }

  abstract begin(): void;
  abstract apply(): void;

  forget(watermark: number): void {
    this.table.forget(watermark);
  }

  protected isAlive(cell: ValueCell | undefined): cell is ValueCell {
    return cell !== undefined && cell.expires > this.scope.now;
  }

  /** A written value with its expiry, which a write in place of `before` never shortens. */
  protected cellOf(value: unknown, before: ValueCell | undefined): ValueCell {
    const expires = this.#ttl === Infinity ? Infinity : this.scope.time + this.#ttl;
    return { value, expires: this.isAlive(before) && before.expires > expires ? before.expires : expires };
  }

  protected shown<V>(value: V): V {
    return this.#strict ? freezeDeeply(value) : value;
  }
}

class ValueHandle extends TableHandle<ValueCell> implements ValueState<unknown, unknown> {
  readonly #initial: unknown;
  #written = false;
  #deleted = false;
  #value: unknown;

  constructor(table: KeyedTable<ValueCell>, spec: StateSpec, scope: Scope, strict: boolean) {
    super(table, spec, scope, strict);
    this.#initial = spec.initial;
  }

  get(): unknown {
    if (this.#written) return this.#deleted ? this.#initial : this.shown(this.#value);
    const cell = this.table.get(this.scope.slot);
    return this.isAlive(cell) ? this.shown(cell.value) : this.#initial;
  }

  set(value: unknown): void {
    checkStorable(value);
    this.#written = true;
    this.#deleted = false;
    this.#value = value;
  }

  delete(): void {
    this.#written = true;
    this.#deleted = true;
  }

  begin(): void {
    this.#written = false;
    this.#deleted = false;
    this.#value = undefined;
  }

  apply(): void {
    if (!this.#written) return;
    const { slot } = this.scope;
    if (this.#deleted) {
      this.table.delete(slot);
      return;
    }
    const { value, expires } = this.cellOf(this.#value, this.table.get(slot));
    const cell = this.table.change(slot);
    cell.value = value;
    cell.expires = expires;
    this.table.arm(slot, expires);
  }
}

class ListHandle extends TableHandle<ListCell> implements ListState<unknown> {
  #replaced = false;
  #added: unknown[] = [];

  get length(): number {
    return this.get().length;
  }

  get(): readonly unknown[] {
    const before = this.#replaced ? [] : (this.table.get(this.scope.slot)?.items.filter((item) => this.isAlive(item)) ?? []);
    return this.shown([...before.map((item) => item.value), ...this.#added]);
  }

  add(value: unknown): void {
    checkStorable(value);
    this.#added.push(value);
  }

  set(values: readonly unknown[]): void {
    values.forEach(checkStorable);
    this.#replaced = true;
    this.#added = [...values];
  }

  clear(): void {
    this.#replaced = true;
    this.#added = [];
  }

  begin(): void {
    this.#replaced = false;
    if (this.#added.length > 0) this.#added = [];
  }

  apply(): void {
    const { slot } = this.scope;
    if (this.#replaced && this.#added.length === 0) {
      this.table.delete(slot);
      return;
    }
    if (this.#added.length === 0) return;
    const cell = this.table.change(slot);
    if (this.#replaced) {
      cell.items = [];
      cell.settled = 0;
      cell.replaced = true;
    }
    let expires = Infinity;
    for (const value of this.#added) {
      const item = this.cellOf(value, undefined);
      cell.items.push(item);
      expires = item.expires;
    }
    this.table.arm(slot, expires);
  }
}

class MapHandle extends TableHandle<MapCell> implements MapState<MapKey, unknown> {
  #cleared = false;
  /** By name: a value, or undefined for an entry that is deleted. */
  readonly #writes = new Map<MapKey, { readonly value: unknown } | undefined>();

  get size(): number {
    return [...this.entries()].length;
  }

  get(key: MapKey): unknown {
    return this.#find(key)?.value;
  }

  has(key: MapKey): boolean {
    return this.#find(key) !== undefined;
  }

  set(key: MapKey, value: unknown): void {
    checkStorable(key);
    checkStorable(value);
    this.#writes.set(key, { value });
  }

  delete(key: MapKey): void {
    this.#writes.set(key, undefined);
  }

  clear(): void {
    this.#cleared = true;
    this.#writes.clear();
  }

  *entries(): Iterable<readonly [MapKey, unknown]> {
    const before = this.#cleared ? undefined : this.table.get(this.scope.slot)?.entries;
    for (const [key, entry] of [...(before ?? [])]) {
      if (!this.isAlive(entry)) continue;
      const write = this.#writes.get(key as MapKey);
      if (write !== undefined) yield [key as MapKey, this.shown(write.value)];
      else if (!this.#writes.has(key as MapKey)) yield [key as MapKey, this.shown(entry.value)];
    }
    for (const [key, write] of [...this.#writes]) {
      if (write !== undefined && !this.isAlive(before?.get(key))) yield [key, this.shown(write.value)];
    }
  }

  begin(): void {
    this.#cleared = false;
    if (this.#writes.size > 0) this.#writes.clear();
  }

  apply(): void {
    const { slot } = this.scope;
    if (this.#cleared) this.table.delete(slot);
    if (this.#writes.size === 0) return;
    const cell = this.table.change(slot);
    for (const [key, write] of this.#writes) this.#write(cell, key, write);
    if (cell.entries.size === 0) this.table.delete(slot);
  }

  #write(cell: MapCell, key: MapKey, write: { readonly value: unknown } | undefined): void {
    const before = cell.entries.get(key);
    if (write === undefined) {
      cell.entries.delete(key);
      cell.changed.delete(key);
      cell.changed.set(key, false);
      return;
    }
    const entry = this.cellOf(write.value, before);
    if (this.isAlive(before)) {
      if (!cell.changed.has(key)) cell.changed.set(key, false);
    } else {
      cell.entries.delete(key);
      cell.changed.delete(key);
      cell.changed.set(key, true);
    }
    cell.entries.set(key, entry);
    this.table.arm(this.scope.slot, entry.expires);
  }

  #find(key: MapKey): { readonly value: unknown } | undefined {
    if (this.#writes.has(key)) return this.#shownWrite(this.#writes.get(key));
    if (this.#cleared) return undefined;
    const entry = this.table.get(this.scope.slot)?.entries.get(key);
    return this.isAlive(entry) ? { value: this.shown(entry.value) } : undefined;
  }

  #shownWrite(write: { readonly value: unknown } | undefined): { readonly value: unknown } | undefined {
    return write === undefined ? undefined : { value: this.shown(write.value) };
  }
}
