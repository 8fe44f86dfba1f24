"""The scenarios through LangChain: a retriever, a prompt and a chat model, and an agent where a tool is needed."""

from exporting import OPENAI_URL, surviving
from langchain.agents import create_agent
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from scenarios import DESK, FROM_NOTES, NOTES, Scenario
from scenarios import next_departure as departure

CAN = frozenset({"tools", "stream", "empty", "errors", "history"})


def _model(**options: object) -> ChatOpenAI:
    return ChatOpenAI(
        model="gpt-4o-mini", base_url=OPENAI_URL, api_key="scripted", max_retries=0, max_tokens=200, **options
    )


_EMBEDDINGS = OpenAIEmbeddings(
    model="text-embedding-3-small", base_url=OPENAI_URL, api_key="scripted", check_embedding_ctx_length=False
)


@tool
def next_departure(harbour: str) -> str:
    """The next departure to a harbour."""
    return departure(harbour)


def _answer_from_notes(scenario: Scenario) -> None:
    store = InMemoryVectorStore(_EMBEDDINGS)
    store.add_documents([Document(id=n, page_content=NOTES[n], metadata={"note": n}) for n in scenario.notes])
    prompt = ChatPromptTemplate.from_messages([("system", "{system}\n\n{notes}"), ("human", "{question}")])

    def joined(documents: list[Document]) -> str:
        return "\n\n".join(f"[{d.metadata['note']}] {d.page_content}" for d in documents)

    chain = (
        {
            "notes": store.as_retriever() | joined,
            "question": RunnablePassthrough(),
            "system": lambda _: FROM_NOTES,
        }
        | prompt
        | _model()
    )
    chain.invoke(scenario.question)


def converse(scenario: Scenario) -> None:
    """One scenario."""
    with surviving(scenario):
        if scenario.notes:
            _answer_from_notes(scenario)
        elif scenario.tools:
            agent = create_agent(_model(), tools=[next_departure], system_prompt=DESK)
            agent.invoke({"messages": [{"role": "user", "content": scenario.question}]})
        elif scenario.stream:
            for _ in _model(stream_usage=True).stream(scenario.messages):
                pass
        else:
            _model().invoke(scenario.messages)
