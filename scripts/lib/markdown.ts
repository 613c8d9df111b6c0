/** A fenced block of a Markdown file. */
export interface Block {
  /** The word after the fence, e.g. `ts`; empty where there is none. */
  readonly language: string;
  readonly text: string;
  /** Line of the first line inside the fence, from 1. */
  readonly line: number;
  /** What an HTML comment directly above the fence says, e.g. `file: model.ts`; else empty. */
  readonly label: string;
}

/** A stretch of text outside fences, with its line, from 1. */
export interface Line {
  readonly text: string;
  readonly line: number;
}

/** Splits a Markdown file into its fenced blocks and the lines outside them. */
export function parseMarkdown(source: string): { blocks: Block[]; lines: Line[] } {
  const blocks: Block[] = [];
  const lines: Line[] = [];
  let label = "";
  let open: { fence: string; language: string; line: number; text: string[] } | undefined;
  for (const [index, text] of source.split("\n").entries()) {
    if (open !== undefined) {
      if (text.trim() === open.fence) {
        blocks.push({ language: open.language, text: open.text.join("\n"), line: open.line, label });
        open = undefined;
        label = "";
      } else {
        open.text.push(text);
      }
      continue;
    }
    const fence = /^\s*(`{3,}|~{3,})\s*(\w*)/.exec(text);
    if (fence !== null) {
      open = { fence: fence[1] ?? "", language: fence[2] ?? "", line: index + 2, text: [] };
      continue;
    }
    if (text.trim() !== "") label = /^<!--\s*(.*?)\s*-->$/.exec(text.trim())?.[1] ?? "";
    lines.push({ text, line: index + 1 });
  }
  return { blocks, lines };
}

/** The anchors that a Markdown file's headings have on the common hosts. */
export function anchorsOf(lines: readonly Line[]): Set<string> {
  const headings = lines.map(({ text }) => /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1]).filter((heading) => heading !== undefined);
  return new Set(headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")));
}
