import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Ledger, Topics } from "@millrace/core/internal";
import { openEmbeddedLedger } from "@millrace/drivers/embedded";

/** A store that is open, and where it lies. */
export interface Store {
  readonly ledger: Ledger & Topics;
  readonly directory: string;
  /** Whether the folder goes when the store is closed. */
  readonly temporary: boolean;
  close(): Promise<void>;
}

/** Opens the data folder, or a temporary one that is removed by `close`. */
export async function openStore(data: string | undefined, durability: "process" | "disk" = "process"): Promise<Store> {
  const temporary = data === undefined;
  const directory = temporary ? mkdtempSync(join(tmpdir(), "millrace-")) : resolve(data);
  const remove = (): void => {
    if (temporary) rmSync(directory, { recursive: true, force: true });
    process.removeListener("exit", remove);
  };
  // However the process ends, unless it is killed.
  if (temporary) process.on("exit", remove);
  try {
    const ledger = await openEmbeddedLedger({ directory, durability });
    return {
      ledger,
      directory,
      temporary,
      async close() {
        try {
          await ledger.close();
        } finally {
          remove();
        }
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
