"""The marks by which prompts set off context, question and sources: data of `text.context`."""

import re
from typing import Final

from otel_evals.text.patterns import compile_presence

_NOUN: Final = (
    r"(?:contexts?|documents?|passages?|sources?|search results?|results|excerpts?|snippets?|chunks|articles?"
    r"|knowledge(?: base)?|background|references|evidence|kontext|dokumente?|quellen|contexto|documentos|fuentes|fontes"
    r"|contexte|contesto|documenti|fonti|bronnen|kontekst|dokumenty|źródła|bağlam|belgeler|контекст|документы|источники"
    r"|コンテキスト|文脈|資料|参考資料|上下文|背景|参考资料|资料|문맥|컨텍스트|참고 ?자료|السياق|المستندات|संदर्भ|दस्तावेज़)"
)
_ASK: Final = (
    r"(?:questions?|query|user input|frage|pregunta|consulta|pergunta|domanda|vraag|pytanie|soru|вопрос|запрос"
    r"|質問|问题|問題|질문|السؤال|سؤال|प्रश्न|सवाल)"
)
_REPLY: Final = (
    r"(?:answer|response|antwort|respuesta|réponse|resposta|risposta|antwoord|odpowiedź|cevap|ответ"
    r"|回答|答案|답변|الإجابة|उत्तर)"
)
_KIND: Final = (
    r"(?:source|document|doc|passage|chunk|result|article|excerpt|snippet|reference|quelle|dokument|fuente|文档|資料)"
)
_COLON: Final = "[:\uff1a]"
_LEAD: Final = r"[ \t>#*_=-]*"
_ADJECTIVES: Final = (
    r"(?:(?:the|here|are|is|retrieved|relevant|provided|given|background|supporting|reference|additional|following|some"
    r"|source|text|input|your|my|our|company|search) ){0,4}"
)
CONTEXT_HEADING: Final = re.compile(
    rf"{_LEAD}(?:{_ADJECTIVES}{_NOUN}(?: information)?(?: is| are)?(?: given| provided| listed| shown)?(?: below)?"
    rf"[ *_]*{_COLON}|context information is below|#+[ *]*(?:\w+ )?{_NOUN}[ *]*$|<{_NOUN}>)[*_. ]*",
    re.IGNORECASE,
)
INTRODUCTION: Final = re.compile(
    rf"\b(?:following|below)\b[^.:]{{0,60}}\b{_NOUN}\b|\b{_NOUN}\b[^.:]{{0,40}}\b(?:below|follow)\b", re.IGNORECASE
)
INTRODUCTION_END: Final = (".", ":")
QUESTION_HEADING: Final = re.compile(
    rf"{_LEAD}(?:(?:\w+ ){{0,2}}?{_ASK}[ *_]*{_COLON}|#+[ *]*(?:\w+ )?{_ASK}[ *]*$|<(?:\w+_)?{_ASK}>)[* ]*",
    re.IGNORECASE,
)
ANSWER_HEADING: Final = re.compile(rf"{_LEAD}(?:\w+ )?{_REPLY}[ *_]*{_COLON}\W*$|</", re.IGNORECASE)
RULE: Final = re.compile(r"[ \t]*(?:-{3,}|={3,}|\*{3,}|`{3,}|\"{3}|</.*)[ \t]*$")
_NAME: Final = r"[\w.:/#@+-]{1,80}"
LABEL: Final = re.compile(
    rf"{_LEAD}(?:\[\^?(?P<bracket>{_NAME}|{_KIND}[ #]*{_NAME})\](?!\()|【(?P<corner>{_NAME})】"
    r"|<(?:document|doc|source|passage|chunk|result)s?\b[^>]*?(?:id|index|name|source)\s*=\s*[\"']?"
    rf"(?P<tag>[^\"'>\s]+)[^>]*>|{_KIND}[ _-]*(?:id)?\s*[#:=]?\s*(?P<number>\d+|{_NAME}(?=\s*$))\s*(?:[:.)\]-]|$)"
    rf"|(?:{_KIND}[ _-])?id\s*[:=]\s*[\"']?(?P<field>{_NAME}))[*_:.,) ]*",
    re.IGNORECASE,
)
CHECK_BOX: Final = frozenset({"x", "X", " "})
has_mark: Final = compile_presence(
    rf"(?im)^{_LEAD}(?:\[|【|<(?:{_NOUN}|{_KIND}|{_ASK})|#+[ *]*(?:\S+ )?{_NOUN}|(?:{_KIND}[ _-])?id\s*[:=]|{_KIND} *\d"
    rf"|(?:[^\s:]+ ){{0,4}}(?:{_NOUN}|{_ASK})[^\n:\x{{ff1a}}]*{_COLON}|context information is)|\b(?:following|below)\b"
)
"""Whether a text holds any sign of context at all: one linear pass, so that ordinary prompts cost next to nothing."""
has_announcement: Final = compile_presence("ollow|elow|FOLLOW|BELOW")
"""Whether a text may announce context ("the documents below …"). One pass, where four searches cost more."""
