"""The scenarios through Google's own Gemini client: shared by the producers that instrument it."""

from exporting import MODEL_URL, surviving
from google import genai
from google.genai import types
from scenarios import DEPARTURES, Scenario, next_departure

CAN = frozenset({"tools", "raw_tools", "stream", "empty", "errors", "history", "json"})
MODEL = "gemini-2.5-flash"


def client() -> genai.Client:
    """A client of the Gemini API that does not retry."""
    return genai.Client(api_key="scripted", http_options=types.HttpOptions(base_url=MODEL_URL))


def converse(google: genai.Client, scenario: Scenario) -> None:
    """One conversation by generateContent."""
    with surviving(scenario):
        turns = [
            types.Content(role="model" if role == "assistant" else role, parts=[types.Part(text=text)])
            for role, text in (*scenario.history, ("user", scenario.question))
        ]
        function = types.FunctionDeclaration(
            name=DEPARTURES["name"],
            description=DEPARTURES["description"],
            parameters_json_schema=DEPARTURES["parameters"],
        )
        config = types.GenerateContentConfig(
            system_instruction=scenario.system_with_notes,
            max_output_tokens=200,
            response_mime_type="application/json" if scenario.json else None,
            tools=[types.Tool(function_declarations=[function])] if scenario.tools else None,
        )
        if scenario.stream:
            for _ in google.models.generate_content_stream(model=MODEL, contents=turns, config=config):
                pass
            return
        answer = google.models.generate_content(model=MODEL, contents=turns, config=config)
        if scenario.tools and scenario.runs_tools:
            results = [
                types.Part.from_function_response(name=call.name, response={"result": next_departure(**call.args)})
                for call in answer.function_calls
            ]
            turns += [answer.candidates[0].content, types.Content(role="user", parts=results)]
            google.models.generate_content(model=MODEL, contents=turns, config=config)
