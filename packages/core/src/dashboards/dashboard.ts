import { MillraceError } from "../errors.ts";
import { checkName } from "../graph/refs.ts";
import type { Panel } from "./panels.ts";

/** A page of live panels, declared beside the workflows it shows. Plain data. */
export interface Dashboard {
  readonly kind: "dashboard";
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/**
 * Declares a page: `export const view = dashboard("city", "City traffic", [table(ranking, {...}), …])`.
 * Panels flow in their order over twelve columns. Throws MILLRACE_USAGE where there is no panel.
 */
export function dashboard(name: string, title: string, panels: readonly Panel[]): Dashboard {
  checkName("dashboard", name);
  if (panels.length === 0) throw new MillraceError("MILLRACE_USAGE", `dashboard ${name}`, "has no panel; give it at least one");
  return { kind: "dashboard", name, title, panels };
}
