import { decodeUtf8, encodeUtf8 } from "../codec/utf8.ts";
import type { Ledger } from "../contracts/ledger.ts";
import { MillraceError } from "../errors.ts";
import { checkStorable } from "../operators/state/storable.ts";
import type { StateTable } from "../operators/state/table.ts";

/** Versions by the name of the part that has them. Where a part is not named, its version is 1. */
type Versions = ReadonlyMap<string, number>;

/** The address of a table as its versions are now, and those at which older ones of it may lie. */
export interface TableAddresses {
  readonly own: string;
  readonly older: readonly { readonly address: string; readonly versions: Versions }[];
}

/** Versions of Millrace's own that the bytes of every table depend on: how keys and values are encoded. */
const CODECS = "key-1 value-1";

/**
 * Finds where the state of a table lies, and records the versions that are written from now on. Each
 * combination of versions has an address of its own, so that a group lies wholly in one or the other
 * while groups are migrated. Throws MILLRACE_STATE_MISMATCH where the table is laid out otherwise.
 */
export async function addressesOf(ledger: Ledger, name: string, table: StateTable): Promise<TableAddresses> {
  const record = `format/${name}`;
  const bytes = await ledger.readRecord(record);
  const own = textOf(table);
  const [format = table.format, codecs = CODECS, ...known] = bytes === undefined ? [] : decodeUtf8(bytes, 0, bytes.length).split("\n");
  if (format !== table.format || codecs !== CODECS) {
    throw new MillraceError(
      "MILLRACE_STATE_MISMATCH",
      `state ${name}`,
      `it was written as ${format} (${codecs}), but this version of the workflow reads ${table.format} (${CODECS}); give the operator another id to start it afresh`,
    );
  }
  // A record without versions was written before there were any.
  const written = bytes !== undefined && known.length === 0 ? [""] : known;
  const texts = written.includes(own) ? written : [...written, own];
  if (texts.length !== known.length) await ledger.writeRecord(record, encodeUtf8([format, codecs, ...texts].join("\n")));
  return {
    own: addressOf(name, own),
    older: texts.filter((text) => text !== own).map((text) => ({ address: addressOf(name, text), versions: parse(text) })),
  };
}

/** Throws MILLRACE_STATE_MISMATCH where there is no way from some versions to those of now. */
export function checkVersions(name: string, table: StateTable, from: Versions): void {
  for (const { name: part, version, migrate } of table.versions ?? []) {
    const before = from.get(part) ?? 1;
    const subject = `state ${name}, ${part}`;
    if (before > version) {
      throw new MillraceError("MILLRACE_STATE_MISMATCH", subject, `version ${before} has written it, and this code is version ${version}; run the newer code, or give the operator another id to start it afresh`);
    }
    if (before < version && migrate === undefined) {
      throw new MillraceError(
        "MILLRACE_STATE_MISMATCH",
        subject,
        `version ${before} has written it, and this code is version ${version}; give it migrate(old, from), which makes the one into the other, or give the operator another id to start it afresh`,
      );
    }
  }
}

/** Brings what was loaded of a group to the versions of now. Throws MILLRACE_STATE_MISMATCH where the user's function does. */
export function migrateGroup(name: string, table: StateTable, group: number, from: Versions): void {
  table.migrate?.(group, (part, value) => {
    const before = from.get(part.name) ?? 1;
    if (before === part.version || part.migrate === undefined) return value;
    try {
      const made = part.migrate(value, before);
      checkStorable(made);
      return made;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const subject = `state ${name}, ${part.name}`;
      throw new MillraceError("MILLRACE_STATE_MISMATCH", subject, `its migrate failed on what version ${before} has written: ${reason}; correct it and start again, nothing was lost`, { cause: error });
    }
  });
}

/** The versions that are not the first, such as `total=2`; "" where all are. */
function textOf({ versions = [] }: StateTable): string {
  return versions
    .filter(({ version }) => version !== 1)
    .map(({ name, version }) => `${encodeURIComponent(name)}=${version}`)
    .sort()
    .join("&");
}

function parse(text: string): Versions {
  return new Map(
    (text === "" ? [] : text.split("&")).map((one) => {
      const [name, version] = one.split("=");
      return [decodeURIComponent(name), Number(version)];
    }),
  );
}

function addressOf(name: string, text: string): string {
  return text === "" ? name : `${name}@${text}`;
}
