import type { WriteStream } from "node:tty";
import { ANSI, frame, PLAIN, plainLine } from "./screen.ts";
import type { View } from "./view.ts";

/** Shows views until it is ended. */
export interface Display {
  end(): void;
}

/** On a terminal a screen that is drawn again in place, at most five times a second; else a line every five seconds. */
export function display(output: WriteStream, view: () => View): Display {
  return output.isTTY ? inPlace(output, view) : inLines(output, view);
}

const DRAW_EVERY = 200;
const LINE_EVERY = 5000;
const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
const CLEAR = "\u001B[2J";
const HOME = "\u001B[H";
const CLEAR_LINE = "\u001B[K";
const CLEAR_REST = "\u001B[J";

function inPlace(output: WriteStream, view: () => View): Display {
  const style = process.env["NO_COLOR"] === undefined ? ANSI : PLAIN;
  let shown = "";
  const draw = (): void => {
    // A terminal that is slower than this misses frames; they never queue up.
    if (output.writableNeedDrain) return;
    const lines = frame(view(), { columns: output.columns || 80, rows: output.rows || 24 }, style);
    const next = lines.map((line) => line + CLEAR_LINE).join("\n") + CLEAR_REST;
    if (next === shown) return;
    shown = next;
    output.write(HOME + next);
  };
  const again = (): void => {
    shown = "";
    output.write(CLEAR);
  };
  output.write(HIDE_CURSOR + CLEAR);
  output.on("resize", again);
  const timer = setInterval(draw, DRAW_EVERY);
  draw();
  return {
    end() {
      clearInterval(timer);
      output.off("resize", again);
      draw();
      output.write(`\n${SHOW_CURSOR}`);
    },
  };
}

function inLines(output: WriteStream, view: () => View): Display {
  const line = (): void => void output.write(`${plainLine(view())}\n`);
  const timer = setInterval(line, LINE_EVERY);
  return {
    end() {
      clearInterval(timer);
      line();
    },
  };
}
