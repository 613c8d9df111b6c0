import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ledgerConformance, type LedgerSubject } from "@millrace/core/conformance";
import { openEmbeddedLedger, type EmbeddedLedger, type EmbeddedLedgerOptions } from "../../src/embedded/index.ts";

type Tuning = Omit<EmbeddedLedgerOptions, "directory">;

const KILOBYTE = 1024;

ledgerConformance({ test, name: "embedded", factory: { open: () => open({}) } });
// Segments and slack so small that every sequence rolls, cleans and moves all the time.
const tiny = { segmentBytes: 16 * KILOBYTE, slackBytes: 32 * KILOBYTE };
ledgerConformance({ test, name: "embedded, tiny segments", seed: 100, sequences: 12, factory: { open: () => open(tiny) } });
ledgerConformance({ test, name: "embedded, on disk", seed: 200, sequences: 2, factory: { open: () => open({ durability: "disk" }) } });

/** Each killed ledger goes on in a copy of its folder: what the page cache had at that moment. */
async function open(tuning: Tuning): Promise<LedgerSubject> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-ledger-"));
  let copies = 0;
  let directory = join(folder, "0");
  const opened: EmbeddedLedger[] = [];
  const openHere = async (): Promise<EmbeddedLedger> => {
    const ledger = await openEmbeddedLedger({ directory, ...tuning });
    opened.push(ledger);
    return ledger;
  };
  return {
    ledger: await openHere(),
    async reopen() {
      await opened.at(-1)?.close();
      return openHere();
    },
    async kill() {
      const next = join(folder, String(++copies));
      copyLive(directory, next);
      await opened.at(-1)?.close();
      rmSync(directory, { recursive: true });
      directory = next;
      return openHere();
    },
    async dispose() {
      for (const ledger of opened) await ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Copies a folder whose owner may be deleting files that it no longer needs. */
function copyLive(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    try {
      copyFileSync(join(from, name), join(to, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}
