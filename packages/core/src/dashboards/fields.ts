/** Names of a row's fields; `field.inner` for those of an object inside it, three deep at most. */
export type FieldOf<T, Deeper extends readonly unknown[] = [1, 1]> = {
  [K in Extract<keyof T, string>]: NonNullable<T[K]> extends Plain ? K : NonNullable<T[K]> extends object ? K | Inner<K, NonNullable<T[K]>, Deeper> : K;
}[Extract<keyof T, string>];

type Inner<K extends string, T, Deeper extends readonly unknown[]> = Deeper extends readonly [unknown, ...infer Rest] ? `${K}.${FieldOf<T, Rest>}` : never;

type Plain = string | number | bigint | boolean | Date | Uint8Array | readonly unknown[];

/** Values of fields that a row must have to be shown. */
export type Where<T> = { readonly [K in FieldOf<T>]?: string | number | boolean | null };

/** What a value means to who looks, so that every theme, and an eye that sees few colours, can show it. */
export type Meaning = "good" | "fair" | "bad" | "neutral";

/**
 * How a value is coloured: by its words, or along a scale from the number that is bad to the one that
 * is good (either may be the larger).
 */
export type Colour<T> =
  | { readonly field: FieldOf<T>; readonly values: Readonly<Record<string, Meaning>> }
  | { readonly field: FieldOf<T>; readonly bad: number; readonly good: number };
