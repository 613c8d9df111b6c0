// Starts scripts/NAME.ts, after saying clearly when this Node is too old to run TypeScript.
// Plain JavaScript, so that an old Node gets as far as the message.
import { fileURLToPath } from "node:url";

const required = 24;
const [name, ...args] = process.argv.slice(2);

if (Number.parseInt(process.versions.node, 10) < required) {
  console.error(
    `Millrace needs Node ${required} or newer; this is ${process.version}, from ${process.execPath}.\n` +
      "On Linux x64 the repository brings its own after `npm ci`: run npm scripts (`npm test`) or `npx`, not `node` itself.\n" +
      `Elsewhere install Node ${required} from nodejs.org or with your version manager.`,
  );
  process.exit(1);
}

// npm ends its shell when it is told to stop, but not what the shell runs: whoever is left without it stops too.
if (process.env["npm_lifecycle_event"] !== undefined) {
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 250);
  watch.unref();
}

const script = new URL(`./${name}.ts`, import.meta.url);
process.argv = [process.execPath, fileURLToPath(script), ...args];
await import(script.href);
