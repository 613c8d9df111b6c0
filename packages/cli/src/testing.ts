export { verifyOperator } from "@millrace/core/testing";
export type { OperatorOutput, OperatorSubject, OutputRow, ScriptRow, ScriptStep } from "@millrace/core/testing";
