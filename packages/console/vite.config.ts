import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  base: "./",
  build: { outDir: "dist", emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 900 },
  server: { proxy: { "/v1": "http://127.0.0.1:7070" } },
});
