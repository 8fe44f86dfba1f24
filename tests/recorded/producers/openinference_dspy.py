"""openinference-instrumentation-dspy: the language model class of DSPy, over LiteLLM."""

import dspy
from exporting import OPENAI_URL, recorded, surviving, tracer_provider
from openinference.instrumentation.dspy import DSPyInstrumentor
from scenarios import NOTES

DSPyInstrumentor().instrument(tracer_provider=tracer_provider())
model = dspy.LM("openai/gpt-4o-mini", api_base=OPENAI_URL, api_key="scripted", cache=False, num_retries=0)

for scenario in recorded({"empty", "errors", "history"}):
    with surviving(scenario):
        if scenario.notes:
            notes = "\n".join(f"[{note}] {NOTES[note]}" for note in scenario.notes)
            model(prompt=f"{scenario.system}\n\nNotes:\n{notes}\n\nQuestion: {scenario.question}")
        else:
            model(messages=scenario.messages)
