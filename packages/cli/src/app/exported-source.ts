import type { SourceBinding } from "@millrace/core/internal";

/** For worker threads: the source or generator that a module's `sources` has for a topic. */
export async function exportedSource({ name, url }: { readonly name: string; readonly url: string }): Promise<SourceBinding | undefined> {
  const { sources } = (await import(url)) as { readonly sources?: Readonly<Record<string, SourceBinding>> };
  return sources?.[name];
}
