export * from "@millrace/core";
