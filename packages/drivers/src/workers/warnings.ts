/**
 * Shows Node's warnings as Node does, but for one: a project without `"type": "module"` works as
 * well, since what the command and its workers import are modules. For a process, or a thread, of its own.
 */
export function quietWarnings(): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning: Error & { readonly code?: string }) => {
    if (warning.code === "MODULE_TYPELESS_PACKAGE_JSON") return;
    process.stderr.write(`${warning.stack ?? `${warning.name}: ${warning.message}`}\n`);
  });
}
