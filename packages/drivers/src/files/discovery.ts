import { MillraceError } from "@millrace/core";
import type { BucketObject, Journal } from "@millrace/core/internal";

/** An object in the order of discovery. */
export interface Discovered {
  readonly name: string;
  readonly etag: string;
  /** How many chunks it has, once it has been read to its end. */
  chunks: number | undefined;
}

/**
 * The order in which a bucket's objects were discovered, and how many chunks each had, kept in a
 * journal: from it follows which object a position of the source lies in. Every line is JSON, either
 * `{"found":NAME,"etag":…}` or `{"read":INDEX,"chunks":…}`; of lines about one object the last counts.
 */
export class Discovery {
  readonly objects: Discovered[] = [];
  readonly #known = new Set<string>();
  readonly #journal: Journal;

  private constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Throws MILLRACE_STORE_CORRUPT where the journal's lines are not those of a discovery. */
  static async open(journal: Journal): Promise<Discovery> {
    const discovery = new Discovery(journal);
    const lines = await journal.read();
    lines.forEach((line, i) => {
      if (!discovery.#apply(parse(line))) {
        throw new MillraceError("MILLRACE_STORE_CORRUPT", "journal of a bucket source", `line ${i + 1} says nothing about an object; restore it from a copy`);
      }
    });
    return discovery;
  }

  /** Makes the discovery of an object durable; does nothing where it is known. */
  async found({ name, etag }: BucketObject): Promise<void> {
    if (!this.#known.has(keyOf(name, etag))) await this.#append({ found: name, etag });
  }

  /** Makes durable how many chunks an object has. */
  async read(index: number, chunks: number): Promise<void> {
    if (this.objects[index].chunks !== chunks) await this.#append({ read: index, chunks });
  }

  async #append(line: JournalLine): Promise<void> {
    await this.#journal.append(JSON.stringify(line));
    this.#apply(line);
  }

  #apply(line: Partial<Record<keyof JournalLine, unknown>>): boolean {
    const { found, etag, read, chunks } = line;
    if (typeof found === "string" && typeof etag === "string") {
      this.objects.push({ name: found, etag, chunks: undefined });
      this.#known.add(keyOf(found, etag));
      return true;
    }
    const object = typeof read === "number" ? this.objects[read] : undefined;
    if (object === undefined || typeof chunks !== "number") return false;
    object.chunks = chunks;
    return true;
  }
}

interface JournalLine {
  readonly found?: string;
  readonly etag?: string;
  readonly read?: number;
  readonly chunks?: number;
}

function keyOf(name: string, etag: string): string {
  return `${etag} ${name}`;
}

function parse(line: string): Partial<Record<keyof JournalLine, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
