import type { StandardJSONSchemaV1, StandardSchemaV1, StandardTypedV1 } from "@standard-schema/spec";
import type { Field, FieldType } from "../contracts/columns.ts";
import { MillraceError } from "../errors.ts";
import { isEpochMillis, parseIsoTime } from "./formats/iso-time.ts";
import { fieldReason, MISSING, OUT_OF_RANGE, WRONG_TYPE } from "./formats/malformed.ts";

/** A field's type, with `?` where it may be absent. */
export type FieldSpec = FieldType | `${FieldType}?`;

interface ReadAs {
  readonly number: number;
  readonly integer: number;
  readonly timestamp: number;
  readonly string: string;
  readonly boolean: boolean;
  readonly json: unknown;
}

interface WrittenAs extends Omit<ReadAs, "timestamp"> {
  readonly timestamp: number | string;
}

type BaseOf<Spec> = Spec extends `${infer Type extends FieldType}?` ? Type : Spec extends FieldType ? Spec : never;
type OptionalKey<Shape> = { [Name in keyof Shape]: Shape[Name] extends `${string}?` ? Name : never }[keyof Shape];
type ObjectOf<Shape, Values extends Record<FieldType, unknown>> = {
  readonly [Name in Exclude<keyof Shape, OptionalKey<Shape>>]: Values[BaseOf<Shape[Name]>];
} & {
  readonly [Name in OptionalKey<Shape>]?: Values[BaseOf<Shape[Name]>] | undefined;
};
type Flat<T> = { [Name in keyof T]: T[Name] } & {};

/** What a row of these fields is when it is read: timestamps are epoch milliseconds. */
export type FieldsOutput<Shape> = Flat<ObjectOf<Shape, ReadAs & Record<FieldType, unknown>>>;
/** What may be written: timestamps as ISO 8601 text too. */
export type FieldsInput<Shape> = Flat<ObjectOf<Shape, WrittenAs & Record<FieldType, unknown>>>;

/** A Standard Schema whose rules are exactly those of the decoders: what they decoded is valid. */
export interface FieldsSchema<Shape extends Readonly<Record<string, FieldSpec>>>
  extends StandardSchemaV1<FieldsInput<Shape>, FieldsOutput<Shape>> {
  readonly fields: readonly Field[];
  readonly "~standard": FieldsProps<FieldsInput<Shape>, FieldsOutput<Shape>>;
}

/** The schema's properties; `validate` always answers at once. */
export interface FieldsProps<Input, Output> extends StandardSchemaV1.Props<Input, Output> {
  readonly validate: (value: unknown) => StandardSchemaV1.Result<Output>;
}

/**
 * A schema of named fields, such as `fields({ id: "integer", at: "timestamp", note: "string?" })`.
 * Integers are safe integers; numbers are finite; timestamps are epoch milliseconds, read from a
 * whole number or ISO 8601 text (UTC where it names no zone); strings are well-formed Unicode; null is
 * absent, but stays null in `json?`. Other properties are dropped. Throws MILLRACE_SCHEMA for no
 * fields or an unknown type.
 */
export function fields<const Shape extends Readonly<Record<string, FieldSpec>>>(shape: Shape): FieldsSchema<Shape> {
  const declared = Object.entries(shape).map(([name, spec]): Field => {
    const optional = spec.endsWith("?");
    const type = (optional ? spec.slice(0, -1) : spec) as FieldType;
    if (!TYPES.includes(type)) {
      throw new MillraceError("MILLRACE_SCHEMA", `field ${name}`, `unknown type ${JSON.stringify(spec)}; use one of ${TYPES.join(", ")}, with ? if optional`);
    }
    return { name, type, optional };
  });
  if (declared.length === 0) throw new MillraceError("MILLRACE_SCHEMA", "schema fields", "it declares no field; name at least one");
  return {
    fields: declared,
    "~standard": {
      version: 1,
      vendor: VENDOR,
      validate: (value) => validate(declared, value) as StandardSchemaV1.Result<FieldsOutput<Shape>>,
    },
  };
}

/**
 * The fields that a schema declares: those of `fields(...)`, or the properties of the object that a
 * Standard JSON Schema describes as its input. Undefined where it does not tell, and where reading
 * only declared fields would change the schema's answer (it keeps or refuses other properties). A
 * decoder's checks are then part of the schema's: rows of a foreign schema still need validating.
 *
 * A foreign field that may be null is read as optional `json`, which keeps null apart from absent,
 * as the schema does; date-times of foreign schemas stay strings.
 */
export function fieldsOf(schema: StandardTypedV1): readonly Field[] | undefined {
  if (isFieldsSchema(schema)) return schema.fields;
  const described = inputJsonSchema(schema);
  if (described === undefined || described["type"] !== "object" || MIXING.some((keyword) => keyword in described)) return undefined;
  const properties = described["properties"];
  if (!isRecord(properties)) return undefined;
  const required = described["required"];
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  return Object.entries(properties).map(([name, property]): Field => {
    const type = fieldType(property);
    return { name, type, optional: !needed.has(name) || admitsNull(property) };
  });
}

const VENDOR = "millrace";
const TYPES: readonly FieldType[] = ["number", "integer", "string", "boolean", "timestamp", "json"];
/** Keywords of an object by which a property that is not declared matters. */
const MIXING = ["additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties", "minProperties", "maxProperties", "allOf", "anyOf", "oneOf", "not", "if", "$ref", "dependentSchemas", "dependentRequired"];

function isFieldsSchema(schema: StandardTypedV1): schema is StandardTypedV1 & { readonly fields: readonly Field[] } {
  return schema["~standard"].vendor === VENDOR && "fields" in schema;
}

function isJsonSchema(schema: StandardTypedV1): schema is StandardJSONSchemaV1 {
  const props: object = schema["~standard"];
  return "jsonSchema" in props && isRecord(props.jsonSchema) && typeof props.jsonSchema["input"] === "function";
}

/** Undefined where the schema is no Standard JSON Schema, or cannot say itself as one. */
function inputJsonSchema(schema: StandardTypedV1): Record<string, unknown> | undefined {
  if (!isJsonSchema(schema)) return undefined;
  try {
    const described: unknown = schema["~standard"].jsonSchema.input({ target: "draft-2020-12" });
    return isRecord(described) ? described : undefined;
  } catch {
    return undefined;
  }
}

function fieldType(property: unknown): FieldType {
  if (!isRecord(property)) return "json";
  const type = property["type"];
  return type === "number" || type === "integer" || type === "string" || type === "boolean" ? type : "json";
}

/** Whether null may match: unless the property says by its type or values that it cannot. */
function admitsNull(property: unknown): boolean {
  if (!isRecord(property)) return property !== false;
  const { type, enum: values } = property;
  if (typeof type === "string") return type === "null";
  if (Array.isArray(type)) return type.includes("null");
  if ("const" in property) return property["const"] === null;
  if (Array.isArray(values)) return values.includes(null);
  const choices = property["anyOf"] ?? property["oneOf"];
  return Array.isArray(choices) ? choices.some(admitsNull) : true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function validate(declared: readonly Field[], value: unknown): StandardSchemaV1.Result<Record<string, unknown>> {
  if (!isRecord(value)) return { issues: [{ message: "not an object" }] };
  const output: Record<string, unknown> = {};
  let issues: StandardSchemaV1.Issue[] | undefined;
  for (const field of declared) {
    const { name } = field;
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given === undefined || (given === null && !(field.type === "json" && field.optional))) {
      if (!field.optional) (issues ??= []).push({ message: fieldReason(field, MISSING), path: [name] });
      continue;
    }
    const read = field.type === "timestamp" && typeof given === "string" ? parseIsoTime(given) : given;
    const cause = fault(field.type, read);
    if (cause !== 0) (issues ??= []).push({ message: fieldReason(field, cause), path: [name] });
    else if (name !== "__proto__") output[name] = read;
    else Object.defineProperty(output, name, { value: read, enumerable: true, configurable: true, writable: true });
  }
  return issues === undefined ? { value: output } : { issues };
}

/** Why a value is not of a type; 0 where it is. */
function fault(type: FieldType, value: unknown): number {
  switch (type) {
    case "number":
      return typeof value !== "number" ? WRONG_TYPE : Number.isFinite(value) ? 0 : OUT_OF_RANGE;
    case "integer":
      return Number.isSafeInteger(value) ? 0 : WRONG_TYPE;
    case "timestamp":
      return typeof value === "number" && isEpochMillis(value) ? 0 : WRONG_TYPE;
    case "string":
      return typeof value === "string" && value.isWellFormed() ? 0 : WRONG_TYPE;
    case "boolean":
      return typeof value === "boolean" ? 0 : WRONG_TYPE;
    case "json":
      return 0;
  }
}
