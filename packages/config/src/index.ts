export { type Diagnostic } from "./diagnostics/diagnostic.ts";
export { DIAGNOSTIC_CODES, type DiagnosticCode } from "./diagnostics/diagnostic-codes.ts";
export { renderDiagnostics } from "./diagnostics/render.ts";
export { type AllDefinitions, jsonSchema, loadDefinitions } from "./docs/json-schema.ts";
export { nearest } from "./diagnostics/suggest.ts";
export { optionsTable } from "./docs/options-table.ts";
export { type ConfigInput, loadConfig, type LoadedConfig, type LoadResult } from "./load-config.ts";
export { type TelemetryConfig } from "./telemetry/telemetry-config.ts";
