"""The parts of a case that a judge may be shown; a rubric names those that it needs to see."""

from enum import StrEnum


class Part(StrEnum):
    """One kind of material, in the order in which it is shown."""

    INSTRUCTIONS = "instructions"
    """What the application told its model to do (system and developer messages)."""
    CONVERSATION = "conversation"
    """The turns before the question."""
    QUESTION = "question"
    """The last user turn."""
    DOCUMENTS = "documents"
    """Passages that were retrieved for the call, with their ids."""
    TOOLS = "tools"
    """Tools that were offered."""
    TOOL_CALLS = "tool_calls"
    """What was called since the question, and what came back."""
    STEPS = "steps"
    """An agent's steps in short."""
    ANSWER = "answer"
    """What is judged, with the calls that it asks for."""
    REFERENCE = "reference"
    """A reference answer: offline cases only."""
