export { registry } from "./registry.gen.ts";
