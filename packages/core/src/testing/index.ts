export { harness } from "./harness.ts";
export type { Harness, HarnessOptions } from "./harness.ts";
export { verifyOperator } from "./verify-operator.ts";
export type { OperatorOutput, OperatorSubject, OutputRow, ScriptRow, ScriptStep } from "./operator-run.ts";
