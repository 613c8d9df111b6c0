/** Freezes plain data all the way down, so that a test sees who changes what must not change. */
export function freezeDeeply<V>(value: V): V {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const field of Object.values(value)) freezeDeeply(field);
  return value;
}
