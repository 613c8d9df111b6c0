/**
 * Adds to package-lock.json what npm leaves out when the registry it asked carries some platforms
 * only: the optional, platform-bound binaries of the other platforms. Without their entries
 * `npm ci` refuses the lock file everywhere. The added entries have no integrity hash, since nothing
 * was downloaded. With --check it changes nothing and fails where entries are missing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./lib/repository.ts";

interface LockEntry {
  version?: string;
  resolved?: string;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
  cpu?: string[];
  libc?: string[];
  optional?: boolean;
  os?: string[];
}

const OPERATING_SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];

const path = join(repositoryRoot, "package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, LockEntry> };
const missing = findMissing(lock.packages);
const addresses = Object.entries(lock.packages).filter(([, entry]) => entry.resolved?.includes("://"));

if (addresses.length > 0) {
  console.error(`package-lock.json: ${addresses.length} entries carry a download address (first: ${addresses[0][0]}).`);
  console.error("Remedy: the .npmrc of this repository leaves them out; run `npm install` inside it, without flags that override it.");
  process.exitCode = 1;
}
if (process.argv.includes("--check")) {
  if (missing.size > 0) {
    console.error(`package-lock.json: no entry for ${[...missing.keys()].join(", ")}; npm ci will refuse it.`);
    console.error("Remedy: npm run lock");
    process.exitCode = 1;
  }
} else if (missing.size > 0) {
  const packages = { ...lock.packages, ...Object.fromEntries(missing) };
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
  console.log(`package-lock.json: added ${missing.size} entries of other platforms.`);
}

function findMissing(packages: Record<string, LockEntry>): Map<string, LockEntry> {
  const found = new Map<string, LockEntry>();
  for (const entry of Object.values(packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const location = `node_modules/${name}`;
      if (location in packages || found.has(location)) continue;
      const platform = platformOf(name);
      if (platform === undefined || !/^\d+\.\d+\.\d+/.test(range)) {
        throw new Error(`package-lock.json: ${name}@${range} is missing, and its platform or version cannot be told from its name; add its entry by hand.`);
      }
      const { cpu, libc, os } = platform;
      found.set(location, { version: range, cpu, ...(entry.dev && { dev: true }), ...(libc && { libc }), optional: true, os });
    }
  }
  return found;
}

function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } | undefined {
  const words = name.split(/[/-]/);
  const os = words.find((word) => OPERATING_SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.some((word) => word.startsWith("musl")) ? "musl" : words.some((word) => word.startsWith("gnu")) ? "glibc" : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
}
