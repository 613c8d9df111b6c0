export { prometheusText } from "./prometheus-text.ts";
