"""openinference-instrumentation-haystack: a retriever, a prompt builder and a chat generator in a pipeline."""

from exporting import OPENAI_URL, recorded, surviving, tracer_provider
from haystack import Document, Pipeline
from haystack.components.builders import ChatPromptBuilder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.dataclasses import ChatMessage
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.tools import Tool
from haystack.utils import Secret
from openinference.instrumentation.haystack import HaystackInstrumentor
from scenarios import DEPARTURES, FROM_NOTES, NOTES, next_departure

HaystackInstrumentor().instrument(tracer_provider=tracer_provider())
TEMPLATE = FROM_NOTES + "\n{% for note in documents %}\n[{{ note.meta.note }}] {{ note.content }}\n{% endfor %}"


def generator(**options: object) -> OpenAIChatGenerator:
    """A chat generator against the scripted server."""
    return OpenAIChatGenerator(
        api_key=Secret.from_token("scripted"),
        model="gpt-4o-mini",
        api_base_url=OPENAI_URL,
        max_retries=0,
        generation_kwargs={"max_tokens": 200},
        **options,
    )


def answer_from_notes(scenario) -> None:
    """Retrieval, prompt, answer."""
    store = InMemoryDocumentStore()
    store.write_documents([Document(id=n, content=NOTES[n], meta={"note": n}) for n in scenario.notes])
    template = [ChatMessage.from_system(TEMPLATE), ChatMessage.from_user("{{ question }}")]
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(store))
    pipeline.add_component("prompt", ChatPromptBuilder(template, required_variables=["documents", "question"]))
    pipeline.add_component("model", generator())
    pipeline.connect("retriever.documents", "prompt.documents")
    pipeline.connect("prompt.prompt", "model.messages")
    pipeline.run({"retriever": {"query": scenario.question}, "prompt": {"question": scenario.question}})


def converse(scenario) -> None:
    """A pipeline with nothing but the generator; twice where a tool answers in between."""
    make = {"system": ChatMessage.from_system, "user": ChatMessage.from_user, "assistant": ChatMessage.from_assistant}
    messages = [make[m["role"]](m["content"]) for m in scenario.messages]
    tools = [Tool(function=next_departure, **DEPARTURES)] if scenario.tools else None
    pipeline = Pipeline()
    options = {"streaming_callback": lambda _: None} if scenario.stream else {}
    pipeline.add_component("model", generator(tools=tools, **options))
    (reply,) = pipeline.run({"model": {"messages": messages}})["model"]["replies"]
    if scenario.tools and scenario.runs_tools:
        results = [ChatMessage.from_tool(next_departure(**c.arguments), origin=c) for c in reply.tool_calls]
        pipeline.run({"model": {"messages": [*messages, reply, *results]}})


for scenario in recorded({"tools", "raw_tools", "stream", "empty", "errors", "history"}):
    with surviving(scenario):
        (answer_from_notes if scenario.notes else converse)(scenario)
