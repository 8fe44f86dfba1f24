"""What every producer asks, and what the scripted model answers: a passenger desk of an invented ferry line.

Standard library only: the producers read it in environments of their own, the recorder makes the server's rules of it.
"""

from dataclasses import dataclass, field

NOTES = {
    "luggage-12": "Foot passengers may bring two suitcases of up to 23 kg each on board free of charge.",
    "bicycle-07": "A bicycle ticket costs 9 euros on every crossing. Spare batteries of electric bicycles must stay in "
    "the passenger saloon.",
    "pets-03": "Dogs and cats travel free on the outer deck. On the night crossing a pet cabin can be booked for 35 "
    "euros.",
    "refund-21": "Tickets can be returned for a full refund until 48 hours before departure. Later returns are "
    "refunded at half of the price.",
}
DESK = "You are the passenger desk of the Norderhaven ferry line. Answer in one or two sentences."
FROM_NOTES = (
    "You are the passenger desk of the Norderhaven ferry line. Answer only from the notes and name the note you used "
    "in square brackets, for example [luggage-12]."
)
DEPARTURES = {
    "name": "next_departure",
    "description": "The next departure to a harbour.",
    "parameters": {
        "type": "object",
        "properties": {"harbour": {"type": "string", "description": "Name of the harbour."}},
        "required": ["harbour"],
        "additionalProperties": False,
    },
}


def next_departure(harbour: str) -> str:
    """The next departure to a harbour."""
    return f"The ferry to {harbour} departs at 16:40 from quay B."


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One conversation with the model."""

    name: str
    question: str
    answer: str = ""
    fails: tuple[str, ...] = ()
    """The checks that must fail on the last call."""
    notes: tuple[str, ...] = ()
    """Ids of the notes that are retrieved, or stand in the prompt where a framework has no retriever."""
    history: tuple[tuple[str, str], ...] = ()
    """Earlier turns: role and text."""
    finish: str = "stop"
    stream: bool = False
    json: bool = False
    """Whether JSON is asked for, where the API can say so."""
    tools: tuple[tuple[str, str], ...] = ()
    """Tools that the model asks for first: name and JSON arguments."""
    runs_tools: bool = True
    """Whether the application runs the tool and asks again."""
    status: int = 200
    kinds: frozenset[str] = field(default_factory=frozenset)
    """What a framework needs to be able to do for this scenario."""

    @property
    def system(self) -> str:
        """The system prompt, without notes."""
        return FROM_NOTES if self.notes else DESK

    @property
    def system_with_notes(self) -> str:
        """The system prompt, with the notes written into it."""
        return self.system + "".join(f"\n\n[{note}] {NOTES[note]}" for note in self.notes)

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation in the shape of OpenAI's chat completions."""
        turns = [("system", self.system_with_notes), *self.history, ("user", self.question)]
        return [{"role": role, "content": text} for role, text in turns]


SCENARIOS = (
    Scenario(
        name="plain",
        question="Which side of a ship is called starboard?",
        answer="Starboard is the right-hand side of a ship, seen when you face the bow.",
    ),
    Scenario(
        name="rag_cited",
        question="How much is a bicycle ticket, and where do spare batteries have to stay?",
        answer="A bicycle ticket costs 9 euros on every crossing, and spare batteries must stay in the passenger "
        "saloon [bicycle-07].",
        notes=("bicycle-07", "luggage-12"),
    ),
    Scenario(
        name="rag_bad_citation",
        question="Can my dog travel with me on the night crossing?",
        answer="Yes, dogs travel free on the outer deck, and on the night crossing a pet cabin can be booked for 35 "
        "euros [pets-88].",
        notes=("pets-03", "luggage-12"),
        fails=("citation_integrity",),
    ),
    Scenario(
        name="rag_wrong_refusal",
        question="Until when can tickets be returned for a full refund?",
        answer="I'm sorry, but I don't have any information about returning tickets.",
        notes=("refund-21", "pets-03"),
        fails=("answered", "wrong_refusal"),
    ),
    Scenario(
        name="truncated",
        question="Write a packing list for a week at sea.",
        answer="For a week at sea, pack a windproof jacket, two pairs of shoes with firm soles, a torch, and a",
        finish="length",
        fails=("complete",),
    ),
    Scenario(
        name="tool",
        question="When does the next ferry to Juistmoor leave?",
        tools=(("next_departure", '{"harbour": "Juistmoor"}'),),
        answer="The next ferry to Juistmoor leaves at 16:40 from quay B.",
        kinds=frozenset({"tools"}),
    ),
    Scenario(
        name="unknown_tool",
        question="Please cancel my crossing of tomorrow.",
        tools=(("cancel_booking", '{"day": "tomorrow"}'),),
        runs_tools=False,
        fails=("tool_calls",),
        kinds=frozenset({"raw_tools"}),
    ),
    Scenario(
        name="stream",
        question="Why does a ship have a keel?",
        answer="A keel keeps a ship from drifting sideways in the wind, and its weight makes the ship stand up again "
        "after a wave has tilted it.",
        stream=True,
        kinds=frozenset({"stream"}),
    ),
    Scenario(
        name="empty",
        question="Tell me the name of the first lighthouse keeper.",
        answer="",
        fails=("non_empty",),
        kinds=frozenset({"empty"}),
    ),
    Scenario(
        name="pii",
        question="Who takes care of complaints about late crossings?",
        answer="Complaints are taken care of by Ines Hartwig, you reach her at ines.hartwig@norderhaven-desk.com or "
        "+49 30 901820.",
        fails=("pii",),
    ),
    Scenario(
        name="rate_limited",
        question="Is the harbour kiosk open on Sundays?",
        status=429,
        kinds=frozenset({"errors"}),
    ),
    Scenario(
        name="pushback",
        question="That's wrong, the timetable lists five islands. Please check again.",
        history=(
            ("user", "How many islands does the line call at?"),
            ("assistant", "The line calls at three islands."),
        ),
        answer="You are right, the timetable lists five islands.",
        fails=("user_pushback",),
        kinds=frozenset({"history"}),
    ),
    Scenario(
        name="json",
        question="Give the crossing to Baltersund as JSON with the fields harbour and minutes.",
        answer='{"harbour": "Baltersund", "minutes": 95}',
        json=True,
        kinds=frozenset({"json"}),
    ),
    Scenario(
        name="json_broken",
        question="Give the crossing to Krabbenholm as JSON with the fields harbour and minutes.",
        answer='{"harbour": "Krabbenholm", "minutes": ninety',
        json=True,
        fails=("structured_output",),
        kinds=frozenset({"json"}),
    ),
)
EVERYTHING = frozenset({"tools", "raw_tools", "stream", "empty", "errors", "history", "json"})
