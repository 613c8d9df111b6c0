import { createHash } from "node:crypto";
import { MillraceError } from "@millrace/core";
import type { Journal } from "@millrace/core/internal";
import type { ByteInput } from "./byte-input.ts";

/** So many of the first bytes tell one input from another. */
const MOST_BYTES = 64 * 1024;

/**
 * An input that can be read once, told from another of its name by how it begins: what comes first is
 * remembered in the journal. Where something is remembered, it is compared before anything is given;
 * throws MILLRACE_STATE_MISMATCH where the input begins otherwise, as positions mean nothing in it.
 */
export async function rememberedInput(input: ByteInput, journal: Journal): Promise<ByteInput> {
  const [line] = await journal.read();
  if (line !== undefined) return compared(input, line);
  let remembered = false;
  return {
    ...input,
    async read(target, at, length) {
      const read = await input.read(target, at, length);
      if (!remembered) {
        remembered = true;
        await journal.append(lineOf(target.subarray(at, at + Math.min(read, MOST_BYTES))));
      }
      return read;
    },
  };
}

async function compared(input: ByteInput, line: string): Promise<ByteInput> {
  const begin = Buffer.alloc(Number.parseInt(line, 10));
  let filled = 0;
  for (let read = -1; filled < begin.length && read !== 0; filled += read) read = await input.read(begin, filled, begin.length - filled);
  if (filled < begin.length || lineOf(begin) !== line) {
    await input.close();
    const message = `its first ${begin.length} bytes are not those with which the run was begun; give it the same input again to resume, or take another data folder`;
    throw new MillraceError("MILLRACE_STATE_MISMATCH", input.name, message);
  }
  let given = 0;
  return {
    ...input,
    async read(target, at, length) {
      if (given === begin.length) return input.read(target, at, length);
      const copied = begin.copy(target, at, given, Math.min(begin.length, given + length));
      given += copied;
      return copied;
    },
  };
}

function lineOf(begin: Buffer): string {
  return `${begin.length} ${createHash("sha256").update(begin).digest("hex")}`;
}
