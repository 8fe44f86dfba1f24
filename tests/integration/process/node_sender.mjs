// Sends spans through the OpenTelemetry SDK for Node: `node node_sender.mjs TRANSPORT URL COMPRESSION COUNT`.
// Prints the number of spans once the SDK says that all were exported, and ends with 1 when one was not.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The packages lie in a cache folder outside the repository, not beside this file.
const load = createRequire(pathToFileURL(process.env.OTEL_EVALS_NODE_PACKAGES + "/index.js"));
const { BasicTracerProvider, BatchSpanProcessor } = load("@opentelemetry/sdk-trace-base");
const { resourceFromAttributes } = load("@opentelemetry/resources");
const { DiagConsoleLogger, DiagLogLevel, diag } = load("@opentelemetry/api");

const [transport, url, compression, count] = process.argv.slice(2);
const { OTLPTraceExporter } = load(`@opentelemetry/exporter-trace-otlp-${transport}`);

let failed = false;
class Watch extends DiagConsoleLogger {
  error(...words) {
    failed = true;
    console.error(...words);
  }
}
diag.setLogger(new Watch(), DiagLogLevel.ERROR);

const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "node-shop" }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, compression }), { maxExportBatchSize: 16 })],
});
const tracer = provider.getTracer("node-sender", "1.0");
for (let i = 0; i < Number(count); i++) {
  const span = tracer.startSpan(`node-${i}`);
  span.setAttributes({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.input.messages": JSON.stringify([{ role: "user", parts: [{ type: "text", content: "How long?" }] }]),
    "gen_ai.output.messages": JSON.stringify([
      { role: "assistant", parts: [{ type: "text", content: "Thirty days ✓." }], finish_reason: "stop" },
    ]),
    "app.number": i,
    "app.share": 0.5,
    "app.list": ["a", "b"],
  });
  span.addEvent("app.event", { detail: "kept" });
  span.end();
}
await provider.forceFlush();
await provider.shutdown();
console.log(count);
process.exit(failed ? 1 : 0);
