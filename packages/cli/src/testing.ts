import "./node-version.ts";
export { harness, verifyOperator } from "@millrace/core/testing";
export type { Harness, HarnessOptions, OperatorOutput, OperatorSubject, OutputRow, ScriptRow, ScriptStep } from "@millrace/core/testing";
