export { MillraceError, ERROR_CODES } from "./errors.ts";
export type { ErrorCode } from "./errors.ts";
