// Vercel's AI SDK with its own OpenTelemetry integration, exported as OTLP/JSON.
import { createOpenAI } from '@ai-sdk/openai';
import { OpenTelemetry } from '@ai-sdk/otel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { generateText, isStepCount, registerTelemetry, streamText, tool } from 'ai';
import { z } from 'zod';

const CAN = ['tools', 'stream', 'empty', 'errors', 'history'];
const endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({
    'service.name': process.env.OTEL_SERVICE_NAME,
    'service.version': '1.4.0',
    'deployment.environment.name': 'recording',
  }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
registerTelemetry(new OpenTelemetry());

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: 'scripted' });
const nextDeparture = tool({
  description: 'The next departure to a harbour.',
  inputSchema: z.object({ harbour: z.string() }),
  execute: async ({ harbour }) => `The ferry to ${harbour} departs at 16:40 from quay B.`,
});

const tell = (path, data = null) =>
  fetch(`${endpoint}/${path}`, { method: 'POST', body: JSON.stringify(data) });

async function converse(scenario) {
  const options = {
    model: openai.chat('gpt-4o-mini'),
    instructions: scenario.system,
    messages: scenario.messages.slice(1),
    maxOutputTokens: 200,
    maxRetries: 0,
    stopWhen: isStepCount(3),
    tools: scenario.tools ? { next_departure: nextDeparture } : undefined,
  };
  if (!scenario.stream) return await generateText(options);
  for await (const _ of streamText(options).textStream);
}

for (const scenario of JSON.parse(process.env.SCENARIOS)) {
  if (!scenario.kinds.every((kind) => CAN.includes(kind))) continue;
  await tell(`scenario/${scenario.name}`);
  try {
    await converse(scenario);
  } catch (error) {
    await tell('exception', { type: error.name });
    if (scenario.name !== 'rate_limited') console.error(error);
  }
  await provider.forceFlush();
}
await tell('scenario/late');
await provider.shutdown();
