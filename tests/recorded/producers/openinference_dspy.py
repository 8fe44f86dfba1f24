"""openinference-instrumentation-dspy: DSPy's predictor over its LiteLLM client."""

import dspy
from exporting import OPENAI_URL, recorded, surviving, tracer_provider
from openinference.instrumentation.dspy import DSPyInstrumentor
from scenarios import NOTES

DSPyInstrumentor().instrument(tracer_provider=tracer_provider())
model = dspy.LM("openai/gpt-4o-mini", api_base=OPENAI_URL, api_key="scripted", cache=False, num_retries=0)

for scenario in recorded({"empty", "errors", "history"}):
    with surviving(scenario):
        notes = "".join(f"\n[{note}] {NOTES[note]}" for note in scenario.notes)
        model(messages=scenario.messages) if not notes else model(
            prompt=f"{scenario.system}{notes}\n\n{scenario.question}"
        )
