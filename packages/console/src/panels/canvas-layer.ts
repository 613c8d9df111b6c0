import L from "leaflet";

/** Draws on one canvas over a map, whatever is to be drawn; again after every move. */
export class CanvasLayer extends L.Layer {
  readonly #draw: (context: CanvasRenderingContext2D, map: L.Map) => void;
  readonly #canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide");
  #map: L.Map | undefined;

  constructor(draw: (context: CanvasRenderingContext2D, map: L.Map) => void) {
    super();
    this.#draw = draw;
  }

  override onAdd(map: L.Map): this {
    this.#map = map;
    map.getPanes().overlayPane.append(this.#canvas);
    map.on("moveend zoomend resize", this.redraw, this);
    this.redraw();
    return this;
  }

  override onRemove(map: L.Map): this {
    map.off("moveend zoomend resize", this.redraw, this);
    this.#canvas.remove();
    this.#map = undefined;
    return this;
  }

  redraw(): void {
    const map = this.#map;
    if (map === undefined) return;
    const { x: width, y: height } = map.getSize();
    const scale = window.devicePixelRatio;
    const canvas = this.#canvas;
    if (canvas.width !== width * scale || canvas.height !== height * scale) {
      canvas.width = width * scale;
      canvas.height = height * scale;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#draw(context, map);
  }
}
