import type { ByteReader, ByteWriter } from "../../codec/bytes.ts";
import { decodeValue, encodeValue } from "../../codec/values.ts";
import { MillraceError } from "../../errors.ts";
import type { Aggregate, AnyAggregate, NumericAggregate, ValueAggregate } from "../../graph/aggregate.ts";
import { versionOf } from "../../graph/version.ts";
import { extract, type Extract } from "../extract.ts";
import type { VersionedPart } from "../state/table.ts";

/** An aggregate whose accumulators are numbers in a typed array. */
export interface NumericPart {
  readonly form: "numeric";
  readonly name: string;
  readonly aggregate: NumericAggregate<never, unknown>;
  readonly input: Extract<number | null | undefined> | undefined;
}

/** An aggregate whose accumulators are values. */
export interface ValuePart {
  readonly form: "value";
  readonly name: string;
  readonly aggregate: ValueAggregate<unknown, unknown, unknown>;
  /** How inputs are read where all are numbers. */
  readonly number: Extract<number | undefined> | undefined;
  /** Whether it is a user's own: its closure must not see a view, and may keep what it sees. */
  readonly custom: boolean;
  /** The way from accumulators of older versions, where there is one. */
  readonly migrate: VersionedPart["migrate"];
}

export type Part = NumericPart | ValuePart;

/** The aggregates of a window, in the form in which its operator computes them; `operator` is its name, for messages. */
export function layoutOf(aggregates: readonly { readonly name: string; readonly aggregate: AnyAggregate }[], operator: string): readonly Part[] {
  return aggregates.map(({ name, aggregate }): Part => {
    if ("form" in aggregate && aggregate.form === "numeric") {
      return { form: "numeric", name, aggregate, input: aggregate.input === undefined ? undefined : extract(aggregate.input) };
    }
    if ("form" in aggregate) {
      const built = aggregate as unknown as ValueAggregate<unknown, unknown, unknown>;
      return { form: "value", name, aggregate: built, number: numberOf(built), custom: false, migrate: undefined };
    }
    const custom = aggregate as unknown as Aggregate<unknown, unknown, unknown>;
    return { form: "value", name, aggregate: customAggregate(custom, `${operator}, aggregate ${name}`), number: undefined, custom: true, migrate: versionOf(custom, `aggregate ${name}`).migrate };
  });
}

/** Whether a part is a user's own aggregate, whose closures may throw while they add and merge. */
export function isCustom(part: Part): boolean {
  return part.form === "value" && part.custom;
}

/** Whether a part's inputs are numbers, NaN being nothing. */
export function takesNumbers(part: Part): boolean {
  return part.form === "numeric" || part.number !== undefined;
}

/** The versions of the aggregates of a layout. */
export function versionsOf(parts: readonly Part[]): readonly VersionedPart[] {
  return parts.map((part) => ({ name: part.name, version: part.aggregate.version ?? 1, migrate: part.form === "value" ? part.migrate : undefined }));
}

/** Says what accumulators mean, so that state of another layout is refused. */
export function layoutFormat(parts: readonly Part[]): string {
  return parts.map((part) => `${part.name}:${part.aggregate.name}`).join(",");
}

function numberOf({ input, number }: ValueAggregate<unknown, unknown, unknown>): Extract<number | undefined> | undefined {
  if (number === undefined) return undefined;
  return { closure: input as (value: never) => number | undefined, field: extract(number as (value: never) => unknown).field };
}

/** Its accumulators are written as values. Throws MILLRACE_SCHEMA, naming it, for one that is none: it could not be kept. */
function customAggregate(aggregate: Aggregate<unknown, unknown, unknown>, subject: string): ValueAggregate<unknown, unknown, unknown> {
  return {
    form: "value",
    name: "custom",
    version: aggregate.version ?? 1,
    input: (value) => value,
    init: () => aggregate.init(),
    add: (accumulator, value, time) => aggregate.add(accumulator, value, time),
    merge: (accumulator, other) => aggregate.merge(accumulator, other),
    ...(aggregate.retract === undefined ? {} : { retract: (accumulator, value, time) => aggregate.retract?.(accumulator, value, time) }),
    result: (accumulator) => aggregate.result(accumulator),
    encode(accumulator: unknown, writer: ByteWriter) {
      try {
        encodeValue(accumulator, writer);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new MillraceError("MILLRACE_SCHEMA", subject, `its accumulator cannot be kept: ${reason}; make it of plain data, such as numbers, texts, arrays, maps and sets`, { cause: error });
      }
    },
    decode: (reader: ByteReader) => decodeValue(reader),
  };
}
