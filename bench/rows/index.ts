import type { Row } from "../lib/row.ts";
import { aarhusRow } from "./aarhus.ts";
import { ingestRow } from "./ingest.ts";
import { latencyRow } from "./latency.ts";
import { meanRow, memoryRow } from "./mean.ts";
import { keysRow, restartRow, wakeRow } from "./state.ts";

/** All workloads, in the order in which they are run. */
export const rows: readonly Row[] = [aarhusRow("aarhus-csv", 1), aarhusRow("aarhus-csv-8", 8), meanRow, latencyRow, ingestRow, memoryRow, keysRow, restartRow, wakeRow];
