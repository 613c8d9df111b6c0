/** A process that locks the folder DIRECTORY as on another platform, says so, and waits to be killed. */
import { lockFolder } from "../../src/embedded/lock.ts";

await lockFolder(process.argv[2], "darwin");
process.stdout.write("locked\n");
setInterval(() => {}, 1_000);
