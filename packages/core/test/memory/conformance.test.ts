import { test } from "node:test";
import { ledgerConformance } from "../../src/conformance/ledger.ts";
import { createMemoryLedger } from "../../src/memory/ledger.ts";

ledgerConformance({
  test,
  name: "memory",
  factory: {
    open: async () => {
      const ledger = createMemoryLedger();
      return { ledger, dispose: () => ledger.close() };
    },
  },
});
