import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** What Node 20 does not have, by module: an import of it by name fails before src/node-version.ts can speak. */
const NEWER: Readonly<Record<string, RegExp>> = {
  "node:zlib": /\b(crc32|\w*Zstd\w*|zstd\w*)\b/,
  "node:fs": /\b(globSync|glob)\b/,
  "node:path": /\bmatchesGlob\b/,
  "node:module": /\b(findPackageJSON|registerHooks|stripTypeScriptTypes|enableCompileCache)\b/,
};

test("what newer Nodes alone have is not imported by name, so that an old one is told what is needed", () => {
  const packages = join(dirname(fileURLToPath(import.meta.url)), "../..");
  const files = globSync("{cli,drivers}/src/**/*.ts", { cwd: packages });
  assert.ok(files.length > 80);
  for (const file of files) {
    const text = readFileSync(join(packages, file), "utf8");
    for (const [, type, names = "", module = ""] of text.matchAll(/^import (type )?\{([^}]*)\} from "(node:[^"]+)"/gm)) {
      const newer = type === undefined ? NEWER[module]?.exec(names) : null;
      assert.ok(newer === undefined || newer === null, `${file} imports ${newer?.[0]} of ${module} by name; write import * as, see src/node-version.ts`);
    }
  }
});
