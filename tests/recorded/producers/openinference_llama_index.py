"""openinference-instrumentation-llama-index: a query engine over a vector index, and the chat model alone."""

from exporting import OPENAI_URL, recorded, surviving, tracer_provider
from llama_index.core import PromptTemplate, VectorStoreIndex
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import TextNode
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai_like import OpenAILike
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from scenarios import FROM_NOTES, NOTES, next_departure

LlamaIndexInstrumentor().instrument(tracer_provider=tracer_provider())
CLIENT = {"api_base": OPENAI_URL, "api_key": "scripted", "max_retries": 0}
model = OpenAILike(
    model="gpt-4o-mini",
    is_chat_model=True,
    is_function_calling_model=True,
    max_tokens=200,
    context_window=8000,
    **CLIENT,
)
embeddings = OpenAIEmbedding(model_name="text-embedding-3-small", **CLIENT)
TEMPLATE = PromptTemplate(FROM_NOTES + "\n\n{context_str}\n\nQuestion: {query_str}")


def answer_from_notes(scenario) -> None:
    """Retrieval, prompt, answer."""
    nodes = [TextNode(id_=note, text=NOTES[note], metadata={"note": note}) for note in scenario.notes]
    index = VectorStoreIndex(nodes, embed_model=embeddings)
    index.as_query_engine(llm=model, similarity_top_k=2, text_qa_template=TEMPLATE).query(scenario.question)


def converse(scenario) -> None:
    """The chat model alone; twice where a tool answers in between."""
    messages = [ChatMessage(role=m["role"], content=m["content"]) for m in scenario.messages]
    if scenario.tools:
        reply = model.chat_with_tools([FunctionTool.from_defaults(next_departure)], chat_history=messages)
        results = [
            ChatMessage(
                role="tool", content=next_departure(**c.tool_kwargs), additional_kwargs={"tool_call_id": c.tool_id}
            )
            for c in model.get_tool_calls_from_response(reply)
        ]
        model.chat([*messages, reply.message, *results])
    elif scenario.stream:
        for _ in model.stream_chat(messages):
            pass
    else:
        model.chat(messages)


for scenario in recorded({"tools", "stream", "empty", "errors", "history"}):
    with surviving(scenario):
        (answer_from_notes if scenario.notes else converse)(scenario)
