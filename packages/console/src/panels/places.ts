import type L from "leaflet";
import { colourOf, LIGHTS } from "../values/colours.ts";
import { at, matches, words, type Row } from "../values/paths.ts";
import type { Layer } from "../wire/types.ts";

/** A row as a point of the map. */
export interface Place {
  readonly id: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly label: string;
  readonly layer: Layer;
  readonly row: Row;
}

/** All places, layer by layer, so that the last layer is drawn on top. Rows without a position are left out. */
export function placesOf(layers: readonly Layer[], rows: ReadonlyMap<string, ReadonlyMap<string, Row>>): readonly Place[] {
  const places: Place[] = [];
  for (const [index, layer] of layers.entries()) {
    for (const [key, row] of rows.get(layer.collection) ?? []) {
      const latitude = at(row, layer.latitude);
      const longitude = at(row, layer.longitude);
      if (typeof latitude !== "number" || typeof longitude !== "number" || !matches(row, layer.where)) continue;
      const label = layer.label === undefined ? "" : words(at(row, layer.label) ?? "");
      places.push({ id: `${index} ${key}`, latitude, longitude, label, layer, row });
    }
  }
  return places;
}

/** Draws the places that are in sight: a dot each, or a light's two directions. */
export function draw(context: CanvasRenderingContext2D, map: L.Map, places: readonly Place[]): void {
  const size = map.getSize();
  const radius = Math.max(2.5, Math.min(9, 90 / Math.sqrt(places.length + 1) + 2));
  for (const { latitude, longitude, layer, row } of places) {
    const { x, y } = map.latLngToContainerPoint([latitude, longitude]);
    if (x < -radius || y < -radius || x > size.x + radius || y > size.y + radius) continue;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = colourOf(row, layer.colour);
    context.fill();
    if (layer.signal === undefined) continue;
    light(context, x, y, 0, radius, at(row, layer.signal.northSouth));
    light(context, x, y, radius, 0, at(row, layer.signal.eastWest));
  }
}

function light(context: CanvasRenderingContext2D, x: number, y: number, dx: number, dy: number, state: unknown): void {
  context.beginPath();
  context.moveTo(x - 1.6 * dx, y - 1.6 * dy);
  context.lineTo(x + 1.6 * dx, y + 1.6 * dy);
  context.lineWidth = Math.max(1.5, (dx + dy) / 4);
  context.strokeStyle = LIGHTS[words(state)] ?? "#868e96";
  context.stroke();
}
