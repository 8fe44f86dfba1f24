"""Standard names that applications write and nothing of ours reads: the demo's traffic writes them."""

from typing import Final

HTTP_METHOD: Final = "http.request.method"
HTTP_ROUTE: Final = "http.route"
HTTP_STATUS: Final = "http.response.status_code"
URL_PATH: Final = "url.path"
AGENT_NAME: Final = "gen_ai.agent.name"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
RETRIEVAL_QUERY: Final = "gen_ai.retrieval.query.text"
DATA_SOURCE_ID: Final = "gen_ai.data_source.id"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"
