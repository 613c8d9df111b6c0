import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { makeProgram } from "../src/program.ts";

test("every command says what it does, and shows an example", () => {
  const commands = every(makeProgram());
  assert.ok(commands.length >= 12);
  for (const command of commands) {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    assert.match(help, /Examples?:\n\s+\$ millrace /, command.name());
    assert.ok(command.description().length > 20, command.name());
    assert.match(help, /--debug/);
  }
});

function every(command: Command): Command[] {
  return [command, ...command.commands.flatMap(every)];
}
