import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, type ReactNode } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { LINES } from "../values/colours.ts";
import { figure } from "../values/written.ts";

export interface ChartLine {
  readonly title: string;
  readonly unit?: string | undefined;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly label: string;
  /** Numbers, or epoch ms where `time` says so; ascending. */
  readonly x: readonly number[];
  readonly time: "event" | "clock" | undefined;
  readonly lines: readonly ChartLine[];
  readonly height?: number;
}

/** Lines on a canvas, with a legend that reads out what is pointed at. */
export function Chart({ label, x, time, lines, height = 220 }: ChartProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const dark = useComputedColorScheme("light") === "dark";
  const shape = lines.map(({ title, unit }) => `${title}\n${unit ?? ""}`).join("\r");

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const ink = dark ? "#c1c2c5" : "#495057";
    const grid = { stroke: dark ? "#373a40" : "#e9ecef", width: 1 };
    const made = new uPlot(
      {
        width: element.clientWidth || 400,
        height,
        ...(time === "event" ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") } : {}),
        scales: { x: { time: time !== undefined }, y: { range: fromZero } },
        axes: [
          { stroke: ink, grid, ticks: grid, ...(time === undefined ? {} : { values: CLOCK }) },
          { stroke: ink, grid, ticks: grid, size: 64, values: (_, ticks) => ticks.map((tick) => figure(tick)) },
        ],
        series: [
          {},
          ...shape.split("\r").map((line, index) => {
            const [title = "", unit = ""] = line.split("\n");
            const stroke = LINES[index % LINES.length] as string;
            return { label: title, stroke, width: 1.6, points: { show: false }, spanGaps: true, value: (_: uPlot, value: number | null) => (value === null ? "" : `${figure(value)} ${unit}`) };
          }),
        ],
        legend: { live: true },
      },
      [[], ...shape.split("\r").map(() => [])] as unknown as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [dark, height, shape, time]);

  useEffect(() => {
    const along = time === undefined ? [...x] : x.map((value) => value / 1000);
    plot.current?.setData([along, ...lines.map(({ values }) => [...values])] as uPlot.AlignedData);
  });

  return <div ref={place} role="img" aria-label={`${label}: ${lines.map(({ title }) => title).join(", ")}`} />;
}

/** How times are written along the axis: seconds of the step, then the words, with a date where a day begins. */
const CLOCK: uPlot.Axis.Values = [
  [86_400, "{MMM} {D}", null, null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{MMM} {D}", null, "\n{MMM} {D}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1],
];

/** Charts begin at zero, so that heights compare; below it where values are. */
function fromZero(_: uPlot, least: number | null, most: number | null): [number, number] {
  const top = most ?? 1;
  const bottom = Math.min(0, least ?? 0);
  return [bottom, top <= bottom ? bottom + 1 : top + (top - bottom) * 0.05];
}
