import { Box, Text } from "@mantine/core";
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { written } from "../values/written.ts";
import { useLive } from "../wire/live.ts";
import { layersOf } from "../wire/rows.ts";
import type { MapPanel as Panel } from "../wire/types.ts";
import { CanvasLayer } from "./canvas-layer.ts";
import { Frame } from "./frame.tsx";
import { draw, placesOf, type Place } from "./places.ts";

/** Places of collections on a map that can be moved and zoomed, live; what is pointed at is told below. */
export function MapPanel({ panel }: { readonly panel: Panel }): ReactNode {
  const { value: rows, connection } = useLive(useMemo(() => layersOf(panel), [panel]));
  const places = placesOf(panel.layers, rows);
  const element = useRef<HTMLDivElement>(null);
  const view = useRef<{ readonly map: L.Map; readonly canvas: CanvasLayer } | undefined>(undefined);
  const latest = useRef<readonly Place[]>(places);
  const fitted = useRef(false);
  const [pointed, setPointed] = useState<Place | undefined>();
  latest.current = places;

  useEffect(() => {
    if (element.current === null) return undefined;
    const map = L.map(element.current, { attributionControl: false, zoomSnap: 0.25, center: [0, 0], zoom: 2 });
    const canvas = new CanvasLayer((context, on) => draw(context, on, latest.current));
    canvas.addTo(map);
    const point = (event: L.LeafletMouseEvent): void => setPointed(nearest(map, latest.current, event.containerPoint));
    map.on("mousemove", point).on("click", point);
    view.current = { map, canvas };
    return () => {
      map.remove();
      view.current = undefined;
      fitted.current = false;
    };
  }, []);

  useEffect(() => {
    const shown = view.current;
    if (shown === undefined) return;
    if (!fitted.current && places.length > 0) {
      fitted.current = true;
      shown.map.fitBounds(L.latLngBounds(places.map(({ latitude, longitude }) => [latitude, longitude])).pad(0.05), { animate: false });
    }
    shown.canvas.redraw();
  });

  const told = pointed === undefined ? undefined : places.find(({ id }) => id === pointed.id);
  return (
    <Frame title={panel.title} connection={connection}>
      <Box ref={element} h={420} role="application" aria-label={`${panel.title}: ${places.length} places`} style={{ borderRadius: 8, background: "light-dark(#f1f3f5, #1f2226)" }} />
      <Text size="sm" mt="xs" mih={22} {...(told === undefined ? { c: "dimmed" } : {})} aria-live="polite">
        {told === undefined ? `${places.length} places; point at one` : [told.label, ...told.layer.detail.map((column) => `${column.title} ${written(told.row, column)}`)].filter((part) => part !== "").join(" · ")}
      </Text>
    </Frame>
  );
}

/** The place within 14 pixels that is nearest; of several, the one on top. */
function nearest(map: L.Map, places: readonly Place[], { x, y }: L.Point): Place | undefined {
  let best: Place | undefined;
  let distance = 14 * 14;
  for (const place of places) {
    const point = map.latLngToContainerPoint([place.latitude, place.longitude]);
    const away = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (away <= distance) {
      distance = away;
      best = place;
    }
  }
  return best;
}
