"""The marks of citations in an answer: data of `text.citations`, as expressions."""

import re
from typing import Final

from otel_evals.text.patterns import Pattern, Target

JSON_KEYS: Final = frozenset({
    "sources", "source_ids", "sourceids", "citations", "citation", "citation_ids", "cited_sources", "cited_documents",
    "references", "document_ids", "doc_ids", "docids", "source_documents", "source_id", "cited_ids", "used_sources",
})  # fmt: skip
JSON_ID_KEYS: Final = (
    "id", "source_id", "doc_id", "document_id", "url", "uri", "link", "source", "ref", "number", "title",
)  # fmt: skip
_FOOTER_HEADING: Final = (
    r"^[ \t#*_>-]*(?:sources?|references?|citations?|bibliography|works cited|quellen?|literatur|fuentes?"
    r"|referencias|fontes?|referências|références|fonti|riferimenti|bronnen|źródła|источники|参考文献|出典|来源|参考资料)"
    r"(?: used| cited)?[ \t*_]*"
)
_KIND: Final = r"(?:doc(?:ument)?|source|src|passage|chunk|ref(?:erence)?|result|context|citation|quelle|fuente|fonte)"
NUMBERS: Final = re.compile(r"\s*(?:#\s*)?\d{1,3}(?:\s*[,;&\u2013\u2014-]\s*(?:#\s*)?\d{1,3}){0,40}\s*")
RANGE: Final = re.compile(r"(\d{1,3})(?:\s*[\u2013\u2014-]\s*#?\s*(\d{1,3}))?")
KIND_NUMBERS: Final = re.compile(
    rf"\s*{_KIND}s?(?:\s+|\s*[#:.]\s*)(\d{{1,3}}(?:\s*(?:,|;|&|and|-)\s*\d{{1,3}}){{0,20}})\s*", re.IGNORECASE
)
KIND_ID: Final = re.compile(rf"\s*{_KIND}s?(?:[ _-]?id)?(?:\s+|\s*[#:=]\s*)(.*)", re.IGNORECASE)
"""`doc: kettle-001` in brackets: the kind of a source before its id."""
ID: Final = re.compile(r"[^\W_][\w.:/#@+\u2010-\u2015-]{0,79}")
MARK: Final = re.compile(
    # Every branch begins with a plain character, so that the engine skips to the next of these few.
    r"!(?P<image>\[[^\[\]\n]{0,200}\]\([^()\s]{1,500}\))"
    r"|\[(?P<footnote>\^[^\]\s]{1,60})\](?P<definition>:)?"
    r"|\[(?P<bracket>[^\[\]\n]{1,160})\](?:\((?P<target>[^()\s]{1,500})(?:\s\"[^\"\n]{0,200}\")?\))?"
    r"|【(?P<corner>[^】\n]{1,120})】"
    r"|<sup>\s*\[?(?P<sup>\d{1,3}(?:\s*,\s*\d{1,3}){0,20})\]?\s*</sup>"
    r"|h(?P<url>ttps?://[^\s<>\"'`\[\]{}|\\^】]{3,2000})"
    r"|\(\s*(?:[Ss]ources?|[Rr]efs?|[Rr]eferences?|[Cc]itations?|[Cc]ite[sd]?|Quellen?|[Ff]uentes?|[Ff]ontes?|[Ff]onti"
    r"|出典|来源|出处)\s*[:\uff1a]\s*(?P<explicit>[^()\n]{1,300})\)"
    r"|\((?P<paren>(?i:(?:see |cf\. |from )?(?:doc(?:ument)?|source|passage|chunk)s?[ #]*)\d{1,3}"
    r"(?:\s*(?:,|&|and|-)\s*\d{1,3}){0,20})\)"
    r"|\((?P<aside>(?:[^\W_]+[-_.:#/])+(?:\d{1,6}|[a-z]{2,4})"
    r"(?:\s?[,;]\s?(?:[^\W_]+[-_.:#/])+(?:\d{1,6}|[a-z]{2,4})){0,10})\)"
    r"|D(?:ocument|oc) #?(?P<document>\d{1,3})\b(?![.,:/]\d)"
    r"|S(?:ource) #?(?P<source>\d{1,3})\b(?![.,:/]\d)"
    r"|P(?:assage) #?(?P<passage>\d{1,3})\b(?![.,:/]\d)"
)
SUPERSCRIPT: Final = re.compile(r"[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3}(?![^\W_])")
SIGN: Final = Pattern(
    Target.ANSWER,
    # Without upper bounds, which the shared pass would have to confirm: the parser keeps them.
    r"\[[^\[\]\n]+\]|【|https?://|<sup>|[\x{b9}\x{b2}\x{b3}\x{2074}-\x{2079}]"
    r"|\((?i:see |cf\. |from )?(?i:doc|source|passage|chunk|ref|cit|quelle|fuente|fonte|fonti|出典|来源|出处)"
    r"|(?:Document|Source|Passage|Doc) #?\d"
    r"|\((?:[^\W_]+[-_.:#/])+(?:\d+|[a-z]{2,})[),;]"
    rf"|(?im){_FOOTER_HEADING}[:\x{{ff1a}}]"
    r"|\"(?i:[a-z_]*(?:source|citation|citations|references|document|doc)_?(?:id)?s?|cited_[a-z]+|source_documents)\"\s*:",
)
"""Whether a text holds any sign of a citation: one pattern of the shared pass, so that most answers cost nothing."""
_IN_PROSE: Final = r"[^\s=\u2208\u2209:]"
PLAIN_BRACKET: Final = re.compile(
    # The bracket comes first, so that the engine skips to the next one.
    rf"\[(?:(?<={_IN_PROSE}[ \n]\[)|(?<={_IN_PROSE}[ \n][ \n]\[)|(?<=[\].,;!?]\[)|(?<=[a-z][a-z][a-z]\[))"
    r"([0-9]{1,3}|[^\W\d_](?:[\w-]|\.(?![0-9])){0,79})\](?!\s*(?:[=+*/<>(]|\.[a-z_]))"
)
"""A number or a word in brackets behind a word, which nothing uses: `lasts 24 months [2].` A citation, where it is that
of a source; whatever else is in brackets is looked at more closely."""
BESIDES: Final = Pattern(
    Target.ANSWER,
    r"[`=【\x{b9}\x{b2}\x{b3}\x{2070}\x{2074}-\x{2079}]|~~~|https?://|<sup>"
    r"|\([\s\pZ]*(?i:sources?|refs?|references?|citations?|cite[sd]?|quellen?|fuentes?|fontes?|fonti|出典|来源|出处)[\s\pZ]*[:\x{ff1a}]"
    r"|[\pL\pN_]\([^()\n]*\[|\b(?:arr|lst|vec|nums|argv|args|buf|ptr|idx)\["
    r"|\((?i:see |cf\. |from )?(?i:doc|source|passage|chunk)[a-z]*[ #]*\pN"
    r"|\((?:[\pL\pN]+[-_.:#/])+(?:\pN|[a-z]{2})"
    r"|(?:Document|Source|Passage|Doc) #?\pN"
    rf"|(?im){_FOOTER_HEADING}[:\x{{ff1a}}]",
)
"""Occurs in every text with citations other than brackets, and wherever brackets need not be citations (code)."""
ENDS_A_WORD: Final = re.compile(r"[^\W\d_]{3}[.,;:!?)\"'\u201d]\Z|[^\W\d_]{5}\Z")
"""What a superscript that cites follows: a clause or a long word, not a unit (`km²`) or a variable (`x²`)."""
FOOTER: Final = re.compile(
    rf"{_FOOTER_HEADING}[:\uff1a][ \t*_]*(.*)\Z",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
ITEM: Final = re.compile(r"[ \t]*(?:[-*+\u2022]|\d{1,3}[.)])?[ \t]*(.*)")
PLAIN_WORDS: Final = re.compile(r"[a-z ]+")
"""Items of a line such as `Sources: solar, wind`: a statement, not a list of sources."""
