"""openinference-instrumentation-smolagents: the model class of smolagents, and an agent where a tool is needed."""

from exporting import OPENAI_URL, recorded, surviving, tracer_provider
from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from scenarios import next_departure as departure
from smolagents import OpenAIModel, ToolCallingAgent, tool

SmolagentsInstrumentor().instrument(tracer_provider=tracer_provider())
model = OpenAIModel(
    "gpt-4o-mini", api_base=OPENAI_URL, api_key="scripted", client_kwargs={"max_retries": 0}, retry=False
)


@tool
def next_departure(harbour: str) -> str:
    """The next departure to a harbour.

    Args:
        harbour: Name of the harbour.
    """
    return departure(harbour)


def converse(scenario) -> None:
    """One call of the model, or a run of an agent that ends after its tool answered."""
    if scenario.tools:
        agent = ToolCallingAgent(tools=[next_departure], model=model, max_steps=1, verbosity_level=0)
        agent.run(scenario.question)
        return
    messages = [{"role": m["role"], "content": [{"type": "text", "text": m["content"]}]} for m in scenario.messages]
    if scenario.stream:
        for _ in model.generate_stream(messages):
            pass
    else:
        model.generate(messages)


for scenario in recorded({"tools", "stream", "empty", "errors", "history"}):
    with surviving(scenario):
        converse(scenario)
