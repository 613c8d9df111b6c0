import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The absolute path of the repository's root folder. */
export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Node's own executable of this process, and a PATH in which `node` means the same one. */
export const nodePath = process.execPath;
export const pathWithNode = [dirname(nodePath), join(repositoryRoot, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(
  process.platform === "win32" ? ";" : ":",
);
