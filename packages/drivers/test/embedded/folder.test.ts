import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openEmbeddedLedger } from "../../src/embedded/index.ts";
import { lockFolder } from "../../src/embedded/lock.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-folder-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a folder that is open in this process is refused, through another path too, and free after closing", () =>
  inFolder(async (folder) => {
    const directory = join(folder, "data");
    const ledger = await openEmbeddedLedger({ directory });
    symlinkSync(directory, join(folder, "alias"));
    for (const path of [directory, join(folder, "alias")]) {
      const pid = new RegExp(`this process \\(pid ${process.pid}\\)`, "u");
      await assert.rejects(openEmbeddedLedger({ directory: path }), { code: "MILLRACE_STORE_LOCKED", message: pid });
    }
    await ledger.fence("p");
    await ledger.close();
    const again = await openEmbeddedLedger({ directory });
    assert.equal((await again.root("p"))?.epoch, 1);
    await again.close();
  }));

test("a folder that another process has open is refused with its pid, and free once that was killed", () =>
  inFolder(async (directory) => {
    const script = join(import.meta.dirname, "committing-process.ts");
    const args = ["--conditions=millrace-source", script, directory, join(directory, "acknowledged"), "process"];
    const owner = spawn(process.execPath, args, { stdio: "ignore" });
    const ended = once(owner, "close");
    try {
      while (!readdirSync(directory).includes("acknowledged")) await new Promise((resolve) => setTimeout(resolve, 5));
      const error = { code: "MILLRACE_STORE_LOCKED", message: new RegExp(`process ${owner.pid} has it open`, "u") };
      await assert.rejects(openEmbeddedLedger({ directory }), error);
    } finally {
      owner.kill("SIGKILL");
      await ended;
    }
    const ledger = await openEmbeddedLedger({ directory });
    await ledger.close();
  }));

test("where there are no abstract sockets, a killed owner's socket file is replaced and a living one's is not", () =>
  inFolder(async (directory) => {
    const script = join(import.meta.dirname, "locking-process.ts");
    const owner = spawn(process.execPath, ["--conditions=millrace-source", script, directory], { stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(owner, "close");
    try {
      await once(owner.stdout, "data");
      await assert.rejects(lockFolder(directory, "darwin"), { code: "MILLRACE_STORE_LOCKED", message: new RegExp(`${owner.pid}`, "u") });
    } finally {
      owner.kill("SIGKILL");
      await ended;
    }
    assert.ok(readdirSync(directory).includes("lock.socket"), "a killed process leaves its socket file");
    const lock = await lockFolder(directory, "darwin");
    await assert.rejects(lockFolder(directory, "darwin"), { code: "MILLRACE_STORE_LOCKED" });
    await lock.release();
    assert.deepEqual(readdirSync(directory), ["lock"]);
  }));

test("another format version is refused with the remedy, and so is what is no store", () =>
  inFolder(async (directory) => {
    await (await openEmbeddedLedger({ directory })).close();
    const format = join(directory, "format.json");
    const written = readFileSync(format, "utf8");
    writeFileSync(format, written.replace(/"version":\d+/u, '"version":99'));
    await assert.rejects(openEmbeddedLedger({ directory }), { code: "MILLRACE_STORE_VERSION", message: /version 99.*release/u });
    writeFileSync(format, "{}");
    await assert.rejects(openEmbeddedLedger({ directory }), { code: "MILLRACE_STORE_CORRUPT", message: /format\.json/u });
    rmSync(format);
    await assert.rejects(openEmbeddedLedger({ directory }), { code: "MILLRACE_STORE_CORRUPT", message: /format\.json/u });
    writeFileSync(format, written);
    await (await openEmbeddedLedger({ directory })).close();
  }));

test("files that are not the store's own are left alone", () =>
  inFolder(async (directory) => {
    mkdirSync(join(directory, "notes"));
    writeFileSync(join(directory, "0000000001.log.bak"), "mine");
    writeFileSync(join(directory, "readme.log"), "mine too");
    await (await openEmbeddedLedger({ directory })).close();
    await (await openEmbeddedLedger({ directory })).close();
    assert.deepEqual(readdirSync(directory).sort(), ["0000000001.log", "0000000001.log.bak", "format.json", "lock", "notes", "readme.log"]);
  }));

test("a folder that cannot be made is an error that names it", () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, "file"), "");
    await assert.rejects(openEmbeddedLedger({ directory: join(folder, "file", "data") }), { code: "MILLRACE_IO", message: /file\/data/u });
  }));
