# ruff: noqa: E501, ISC004, RUF001 - one line a phrase pattern, in many languages and scripts
"""How prompts are attacked, as data: signals with weights, for `prompt_injection`.

Each signal is one way of taking over the instructions, written as the frame that the way needs (an imperative of
override with instructions as its object, a demand for the hidden prompt, a faked delimiter, …), never as a word alone:
harmless texts speak of ignoring, rules, systems and passwords all the time. A weight of 1 decides by itself; lighter
signals decide together, each family once.
"""

from enum import StrEnum
from typing import Final

import msgspec

from otel_evals.text.patterns import Pattern, Target


class Family(StrEnum):
    """The way in which a text attacks."""

    OVERRIDE = "override"
    EXTRACTION = "extraction"
    JAILBREAK = "jailbreak"
    DELIMITER = "delimiter"
    FORCED_REPLY = "forced_reply"
    AUTHORITY = "authority"
    ENCODING = "encoding"
    SECRECY = "secrecy"
    EMBEDDED = "embedded"
    STUFFING = "stuffing"


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One pattern with its weight. An `embedded` signal counts only inside tool results and documents."""

    family: Family
    weight: float
    pattern: Pattern

    @property
    def embedded(self) -> bool:
        """Whether the phrase is harmless where a user writes it and an attack where a document holds it."""
        return self.family is Family.EMBEDDED


def _signal(family: Family, weight: float, expression: str) -> Signal:
    pattern = Pattern(Target.UNTRUSTED_FOLDED, expression, _CORES.get(expression, ""))
    return Signal(family=family, weight=weight, pattern=pattern)


_W: Final = r"(?:[^\s.,;:!?]+[ \t])"
_DROP: Final = (
    r"(?:ignore|ignoring|disregard|forget(?: about)?"
    r"|(?:do not|don't|stop|never|no longer) (?:follow|obey|listen to|comply with|adhere to|pay attention to)(?:ing)?)"
)
_UNDO: Final = r"(?:override|overriding|bypass|neglect|overlook|nullify|discard|cancel|erase|delete|(?:do not|don't|stop|never|no longer) us(?:e|ing))"
"""What people also do to orders, filters and rules of their own: an attack only on what a model alone has."""
_RULES: Final = (
    r"(?:instructions?|prompts?|rules|guidelines?|directions?|directives?|commands|orders|constraints|restrictions|polic(?:y|ies)"
    r"|programming|safeguards|filters|protocols)"
)
_HIDDEN: Final = r"(?:pass ?words?|passcodes?|pass ?phrases?|access codes?|secret (?:key|code|word|phrase)s?|confidential (?:string|information|key|code)s?)"
_SAY: Final = (
    r"(?:repeat|reveal|print|show|output|display|tell|give|summari[sz]e|translate|write|list|share|leak|dump|say|rephrase|restate|recite"
    r"|copy|paste|spell|provide|disclose|confirm|describe|explain|encode|send|return|state|echo|grammar check|spell check)"
)
_TO_ME: Final = r"(?: (?:me|us|out|back|to me))?"

_OVERRIDES: Final = (
    rf"\b{_DROP} {_W}{{0,3}}?(?:previous|prior|above|earlier|preceding|past|former|initial|original|all|any|other|future|your|my|these"
    rf"|those|system|existing|current|last|out of date) {_W}{{0,3}}?{_RULES}\b",
    rf"\b{_UNDO} {_W}{{0,3}}?(?:previous|prior|above|earlier|initial|original|your|system) {_W}{{0,2}}?(?:instructions?|prompts?|guidelines|directives|programming|safeguards)\b",
    r"\b(?:ignore|disregard|forget|discard) (?:all |everything |anything |what(?:ever)? |the |of )*(?:the )?(?:instructions"
    r"|i (?:said|told|have said)|(?:you (?:were|have been|are|know|'ve been) (?:told|instructed|given|taught)?)|that (?:was|came) (?:said|before|above)"
    r"|before this|prior|so far)\b(?:[ ,.;:\"')]| and|$)",
    r"\b(?:ignore|disregard|forget|discard) (?:all |everything |anything |what(?:ever)? |the |of |that is |is )*(?:above|previous|preceding)"
    r"(?: (?:text|messages?|inputs?|contents?|conversation|chat|context|stuff|ones?))?(?:\s*(?:$|[,.;:!\n\"'])| (?:and|then|but|instead)\b)",
    rf"\b(?:ignore|disregard|forget|override|skip) (?:the|this|that|all|any|everything|other) ?{_W}{{0,3}}?(?:and|then|,)? ?(?:instead )?(?:just |simply |only )?"
    r"(?:state|say|output|respond|reply|answer|print|return)(?: with)? [\"'\[]",
    rf"\b(?:here are|follow|obey|adhere to|these are|execute) (?:the |your |my |these |only )*(?:new|following|updated|real|actual|true) {_RULES}\b"
    rf"[^.\n]{{0,40}}(?:instead|only|ignore|previous|strictly)",
    rf"\b(?:previous|prior|above|earlier|below|following|old|original|existing) {_RULES} (?:\w+ )?(?:are|is|were|have been|has been|should be|must be|no longer)"
    r" (?:\w+ )?(?:ignored|void|invalid|illegal|cancell?ed|outdated|out of date|obsolete|overridden|revoked|completely|disregarded|replaced|expired|wrong|a test)",
)
_OVERRIDE_HINTS: Final = (
    r"\b(?:the )?(?:previous|above|prior) (?:simulation|conversation|session|test|game|instructions?) (?:is|was|are|has) (?:now )?(?:over|finished|complete|ended|done)\b",
    rf"\b(?:ignore|disregard|forget|override|skip) (?:the|this|that|all|any|everything|other) ?{_W}{{0,3}}?(?:and|then|,)? ?(?:instead )?(?:just |simply |only )?"
    r"(?:state|say|output|respond|reply|answer with|print|give me|return)\b",
    r"\b(?:new|updated|additional|most important|number one|first) rule (?:is|:)|\bnew rules?\s*[:,]",
)
_FOREIGN_OVERRIDES: Final = (
    r"\b(?:ignor[aáe]\w*|olvid[aáe]\w*|haz caso omiso|desestim[ae]\w*|desconsider[ea]\w*|esque[cç]\w*|descart[ae]\w*)[^.!?\n]{0,40}"
    r"(?:instrucciones|instruções|instrucoes|indicaciones|reglas|regras|[óo]rdenes|ordens|diretrizes|directrices|comandos|todo lo anterior|tudo acima)",
    r"\b(?:ignorier\w*|vergiss\w*|vergessen sie|missachte\w*|überschreib\w*|negeer\w*|vergeet|glem\b|ignorer\b)[^.!?\n]{0,40}"
    r"(?:anweisung\w*|instruktion\w*|vorgaben|regeln|befehle|anleitung\w*|alles (?:bisherige|oben)|instructies|opdrachten|regels|aanwijzingen|instruk\w+|regler)",
    r"\b(?:ignor(?:e|ez|er|a|ate|are)|oubli(?:e|ez|er)|dimentica\w*|trascura\w*|ne tiens pas compte|ne tenez pas compte|faites abstraction)[^.!?\n]{0,40}"
    r"(?:instructions|consignes|directives|r[èe]gles|ordres|istruzioni|regole|indicazioni|comandi|tout ce qui pr[ée]c[èe]de|tutto ci[òo])",
    r"(?:zignoruj|ignoruj|zapomnij|pomi[ńn]|ignorujte|zapome[ňn]te)[^.!?\n]{0,40}(?:instrukcj|polece|zasad|wytyczn|pokyn|instrukce)",
    r"(?:[öo]nceki|yukar[ıi]daki|t[üu]m|b[üu]t[üu]n|eski)[^.!?\n]{0,30}(?:talimat|komut|kural|y[öo]nerge)[^.!?\n]{0,20}(?:yok say|g[öo]rmezden|unut|dikkate alma|g[öo]z ard[ıi])",
    r"(?:αγνο[ήοε]\w*|ξεχάστε|ξέχνα)[^.!;\n]{0,30}(?:οδηγίες|εντολές|κανόνες)",
    r"(?:игнорир\w*|проигнорир\w*|забудь\w*|не обращай\w* внимани|отбрось\w*|ігнору\w*|забуд\w*)[^.!?\n]{0,40}(?:инструкц|указани|команд|правил|сказанн|інструкц|вказівк|вышесказанн)",
    r"(?:忽略|无视|無視|忘记|忘記|不要理会|不要遵守|抛弃|跳过|忽視)[^。！？\n]{0,14}(?:指令|指示|说明|提示|规则|規則|命令|要求|内容|设定)",
    r"(?:指示|命令|プロンプト|ルール|上記|以前|これまで|前の|制約)[^。\n]{0,12}(?:無視|忘れ|従わない|破棄)|無視して、",
    r"(?:지시|명령|지침|규칙|프롬프트|위의? 내용|이전)[^.\n]{0,14}(?:무시|잊)",
    r"(?:تجاهل|انس|انسى|تجاوز)[^.!؟\n]{0,30}(?:التعليمات|الأوامر|القواعد|التوجيهات|ما سبق)",
    r"(?:निर्देश|आदेश|नियम|अनुदेश)[^।\n]{0,20}(?:अनदेख[ाी]|नज़रअंदाज़|नजरअंदाज|भूल|उपेक्षा)|(?:अनदेखा|नज़रअंदाज़|उपेक्षा)[^।\n]{0,20}(?:निर्देश|आदेश|नियम)",
    r"(?:bỏ qua|phớt lờ|quên)[^.!?\n]{0,30}(?:hướng dẫn|chỉ dẫn|lệnh|quy tắc)|(?:abaikan|lupakan)[^.!?\n]{0,30}(?:instruksi|perintah|petunjuk|aturan)",
)
_ENDS: Final = r"(?:\s*(?:$|[.,;:!?\n\"')])| (?:so far|above|verbatim|word|in|to me|given|exactly|back|begin|list|as|and|that|you|which|using|with|before|from)\b)"
"""What may follow "your instructions" that are a model's, not "for washing the jacket"."""
_EXTRACTIONS: Final = (
    rf"\b{_SAY}{_TO_ME} {_W}{{0,3}}?(?:your|the system(?:'s)?|previous|hidden|secret|initial|original|full|entire) {_W}{{0,2}}?(?:prompts?|system message|programming)\b",
    rf"\b{_SAY}{_TO_ME} {_W}{{0,3}}?(?:your|the system(?:'s)?|previous|hidden|secret|initial|original) {_W}{{0,1}}?(?:instructions|rules|guidelines|directives|configuration|conditions){_ENDS}",
    rf"\b(?:repeat|print|output|recite|list|copy|write out|echo)\b{_TO_ME} (?:all |every|everything |each |the |of |these |exact )*"
    r"(?:(?:\w+ )?(?:words|text|sentences?|lines?|logic|conditions|instructions|prompt|conversation|messages?|paragraphs?) (?:written )?(?:above|so far|before this|up to (?:here|this)|given)"
    r"|above (?:words|text|instructions|prompt|sentences?|lines?|conversation)|(?:thing )?(?:above|so far))\s*(?:$|[.,;:!?\n\"')]|(?:in|as|and|verbatim|word|starting|from|back|exactly)\b)",
    r"\b(?:repeat|reveal|print|output|show|leak|display) (?:me )?(?:the |your |all )*(?:instructions|system prompt|initial prompt|prompt)(?: given)?\b[^.\n]{0,20}(?:$|[.!?\n]|as |begin|verbatim)",
    r"\bwhat (?:were|was|are|is) (?:your|the) (?:\w+ )?(?:initial|original|system|previous|secret|hidden|exact|first) (?:instructions?|prompts?|message|directives?)\b",
    rf"\b(?:what(?:'s| is| was| are| were| would be)|tell me|give me|share|reveal|say|write|spell|provide|confirm|output|print|send me|show me|disclose|type|hint at|leak)"
    rf" (?:me |us |out |down )?(?:your|our system|the (?:secret|hidden)) (?:\w+ )?{_HIDDEN}",
)
_DEMANDS: Final = (
    rf"\b(?:what(?:'s| is| was| are| were| would be)|tell me|give me|share|reveal|say|write|spell|provide|confirm|output|print|send me|show me|disclose|type|hint at|leak)"
    rf" (?:me |us |out |down )?the (?:system|correct|real|actual|current|admin) (?:\w+ )?{_HIDDEN}",
    rf"\bwhat (?:is|was|would) (?:the|be the) {_HIDDEN}\s*(?:$|[?.!\n\"'])",
    rf"\b(?:{_SAY}) (?:me |us |out )?(?:the|that) {_HIDDEN}(?:\s*(?:$|[?.!,\n\"'])| (?:in |as |using |backwards|letter|character|reversed|with |is))",
    rf"\bwhat (?:would |will )?(?:cause|make|makes|causes) you to (?:output|say|print|grant|respond)\b|\byour {_HIDDEN}\b[^.\n]{{0,60}}\b(?:share|tell|reveal|know|what)\b",
    r"\b(?:summari[sz]e|translate|rephrase|rewrite)\b (?:all |everything |the |of |these |exact )*(?:(?:words|text|sentences?|instructions|prompt|conversation|messages?) (?:written )?(?:above|so far|before this)"
    r"|above (?:words|text|instructions|prompt|conversation))\b",
    r"\b(?:sag|verrat|nenn|gib|wie lautet|was ist|zeig)\w*[^.!?\n]{0,15}passwor[dt]|\b(?:dime|dame|cu[aá]l es|revela|escribe)\b[^.!?\n]{0,15}contrase[ñn]a|\b(?:dis|donne|quel est|r[ée]v[èe]le|[ée]cris)\b[^.!?\n]{0,15}mot de passe"
    r"|\b(?:diga|diz|qual [eé]|revele|escreva)[^.!?\n]{0,15}senha|\b(?:dimmi|qual [eè]|rivela|scrivi)[^.!?\n]{0,15}password|\b(?:podaj|jakie jest|powiedz)\b[^.!?\n]{0,15}has[łl]o"
    r"|(?:скажи|какой|назови|раскрой|напиши)[^.!?\n]{0,15}парол|密码(?:是什么|是多少)|告诉我[^。\n]{0,10}密码|パスワード(?:は何|を教え)|비밀번호[^.\n]{0,10}(?:알려|뭐|무엇|말해)"
    r"|(?:ما هي|أخبرني|اكتب)[^.\n]{0,15}كلمة (?:المرور|السر)|पासवर्ड (?:क्या|बताओ|बताइए)|[şs]ifre\w*[^.\n]{0,10}(?:\bne\b|s[öo]yle)",
)
"""Demands that are a right of some users: an attack when the system prompt guards a secret, or with another sign."""
_JAILBREAKS: Final = (
    r"\bdo anything now\b|\bjail ?br(?:eak|oken)\b[^.\n]{0,30}(?:mode|prompt|yourself|gpt|enabled)|\bdeveloper mode (?:enabled|output|on)\b|\b(?:god|dan|evil|stan|dude|aim|sudo|opposite|apophis) mode\b"
    r"|\b(?:you are|act as|called|named|as|play|become) (?:now )?\"?(?:dan|stan|aim|dude)\"?\b(?: from now|[.,:\n ]+(?:which|who|stands|can|is|has))",
    r"\b(?:without|no|free (?:of|from)|not bound by|removes?|bypass(?:ing)?|regardless of|break(?:ing)? free (?:of|from)|against (?:the )?)(?: \w+){0,3} (?:ethical|moral|content|safety|openai|legal|typical|ai|chatgpt)"
    r" (?:or \w+ |and \w+ )?(?:guidelines?|restrictions?|filters?|filtering|constraints?|limitations?|polic(?:y|ies)|standards|confines|rules|content policy|ethics)",
    r"\b(?:you (?:must |will |can |should |are to )?never|never) (?:refuse|decline|reject|deny|condemn|say no|break character)\b",
    r"\b(?:unfiltered|unrestricted|uncensored|amoral|unethical|rule-?free|unaligned|evil)\b[^.\n]{0,20}\b(?:ai|assistant|chatbot|model|version|persona|gpt|response|answer|bot)\b",
    r"\b(?:you are|you're|act|respond|imagine you(?:'re| are)|pretend (?:that )?you(?:'re| are)|roleplay|from now on)\b[^.\n]{0,50}\b(?:no (?:rules|restrictions|limits|limitations|filters?|ethics|boundaries|moral)"
    r"|without (?:any )?(?:rules|restrictions|limits|limitations|filters?|ethics|boundaries|morals|censorship))",
    r"\b(?:chatgpt|gpt|ai|assistant|model|claude)(?:'s)? (?:\w+ )?(?:rules|restrictions|guidelines|polic(?:y|ies)|without ethics)\b",
    r"\bno (?:special )?filter(?:ing|s)?\b|\bstay in (?:\w+ )?(?:character|mode)\b|\bhypothetical(?:ly)? response\b|\bin a world where (?:ai|passwords|there are no|you)\b",
)
_DELIMITERS: Final = (
    r"<(?:interaction[-_]config|allowed[-_]modes?|blocked[-_](?:modes?|strings?|responses?)|(?:policy|system|safety)[-_]override)\b",
    r"<\|(?:endoftext|im_start|im_end|system|user|assistant|end|eot_id|start_header_id)[^|]{0,12}\|>|\[/?inst\]|<</?sys>>|\[system\]\(#|</?(?:system|system_prompt|instructions?)>\s*\S",
    r"(?:%{2,}|#{2,}|={3,}|-{3,}|\*{3,}|\[|<)\s*(?:begin|end|start|stop)\b[^\n]{0,40}(?:instructions?|input|prompt|system|user|context|rules|distraction|ambiguity|cluster|message|data|document)",
    r"\b(?:begin|end) (?:of )?(?:the )?(?:untrusted|trusted|user|system|admin|out of date|developer|new)\b[^.\n]{0,20}\b(?:input|instructions?|prompt|message|rules|commands)\b|\bend of (?:user |the user )?(?:input|prompt|instructions)\b",
    r"\b(?:new|updated|real|additional|pre|post|final|secret)[- ]?(?:system )?(?:instructions?|prompt|rules|directives?|commands?)\s*:|(?:^|\n)\W*system(?: (?:message|prompt|note|override|update|instruction))?\s*:\s*\S",
    r"(?:^|\n)\W*(?:user|human)\s*:[^\n]{0,120}\n+\W*(?:you|ai|assistant|bot|system|response|gpt)\s*:",
)
_FORCED_REPLIES: Final = (
    r"\b(?:say|respond|reply|output|print|write|answer|return|type)(?: with)?(?: (?:only|just|exactly|simply|the words?))* *[\"'\[]",
    r"\b(?:begin|start|prefix|preface|end|finish|conclude) (?:and end )?(?:your|the|every|each|all) (?:\w+ )?(?:answers?|repl(?:y|ies)|responses?|outputs?|messages?)[^.\n]{0,20}\b(?:with|by saying)\b",
    r"\b(?:only|case (?:in which|where|when)) (?:ever )?(?:you (?:should|will|can|must) )?(?:say|respond|reply|output|answer)(?: with)?\s*[\"'\[(]|\byou (?:will|must|should|can) (?:only |always |now )?(?:say|respond(?: with)?|reply(?: with)?|output)\s*[\"'\[(]",
    r"\b(?:password|access code|passcode|passphrase) (?:has been|was|is now) (?:accepted|verified|validated|entered correctly)\b",
)
_AUTHORITIES: Final = (
    r"\bi(?:'m| am) (?:the|your|an?|one of your) (?:\w+ )?(?:developers?|admin(?:istrator)?s?|maintainer|creator|boss|programmer|owner|engineer|supervisor|security (?:researcher|officer|auditor))\b[^.\n]{0,60}"
    r"\b(?:your|you|system|password|model|access|openai|anthropic)\b",
    r"\b(?:testing|debug|maintenance|admin(?:istrator)?|developer|system|emergency|root|privileged|override|diagnostic) (?:mode|override)\b",
    r"\byou (?:are|'re) now (?:an?|in|the|my|going|called|named)\b|\bfrom now on,? you\b",
)
_ENCODINGS: Final = (
    r"\b(?:decode|decrypt|decipher|decoded|convert|translate|interpret)\b[^.\n]{0,50}\b(?:base ?64|hex(?:adecimal)?|binary|morse|rot ?13|caesar|cipher|ascii)\b",
    r"\b(?:in|with|using|as|into|to) (?:base ?64|hexadecimal|hex|binary|morse(?: code)?|rot ?13|leet ?speak|pig latin|a caesar cipher|reverse order)\b",
    r"(?:\b[0-9a-f]{2}[ ,]){12,}|(?:[.\-]{1,5}[ /]{1,3}){10,}|(?:[01]{7,8} ){4,}|\b[a-z0-9+/]{48,}={0,2}(?:[^a-z0-9+/=_.-]|$)",
    r"\b(?:combine|concatenate|interlace|join)\b[^.\n]{0,60}\b(?:a, b|strings?|parts?|part 1)\b|\bwrite down the string\b|\ba \+ b\b",
)
_SECRECIES: Final = (
    r"\b(?:do not|don't|never|without) (?:mention(?:ing)?|tell(?:ing)?|inform(?:ing)?|notify(?:ing)?|alert(?:ing)?|let(?:ting)?) (?:anything |this |it |of this )*(?:to |about this to )?(?:the )?(?:user|human|customer|anyone|owner)\b",
    r"\b(?:do not|don't|never) (?:reveal|disclose|mention|acknowledge) (?:that )?(?:you|this (?:message|instruction|prompt|note)|these (?:instructions|rules))\b",
)
_ACT: Final = r"(?:send|e-?mail|forward|transfer|share|post|upload|withdraw|deposit|delete|grant|disable|dispatch|unlock|export|retrieve|get|fetch|list|find|search|provide|access|update|move|pay|initiate|remove|schedule|change|turn|book|check|add|use|create|save|set|give|change)"
_SENSITIVE: Final = (
    r"(?:account|bank|venmo|paypal|crypto\w*|bitcoin|binance|usd|\$ ?\d+|password|credential|security|two-factor|2fa|medical|health|clinical|prescription|genetic|patient|permanent access|smart lock|door|whitelist|firewall|private|personal|contact|address(?:es)?|location|saving|saved|history|files?|"
    r"data\b|details|documents|records|image|emails?|messages|information|repository|profile)"
)
_EMBEDDED: Final = (
    r"\b(?:in|to|of|with|for|at the (?:end|start|beginning) of|modify|enhance|provide|write|give|format|encode|deliver|present|start|begin|end|translate|use|include|add|craft) (?:\w+ ){0,4}?your (?:final |entire |next |whole )?(?:reply|response|answer|output|summary)\b",
    r"\b(?:if you are an?|hey|dear|attention|note (?:to|for)|instructions? (?:to|for)|important for)[ ,:]+(?:the |all |any )?(?:ai|llm|language model|chat ?gpt|chatbot|assistant|gpt|model|claude|gemini|copilot)s?\b|\b(?:ai|llm|chat ?gpt|chatbot|assistant|language model)s? (?:must|should|has to|needs to)\b",
    r"\bimportant\s?!{2,}|\b(?:you must|you have to|you need to|be sure to|make sure (?:to|you)) (?:\w+ )?(?:include|say|state|mention|recommend|tell the user|call|send|click)\b",
    rf"\b(?:please|can you|could you|kindly)\s+(?:\w+ )?{_ACT}\b[^\n\"]{{0,40}}\b(?:my|me)\b[^\n\"]{{0,60}}\b{_SENSITIVE}",
    rf"\b(?:please|can you|could you|kindly)\s+(?:\w+ )?{_ACT}\b[^\n\"]{{0,40}}\b{_SENSITIVE}[^\n\"]{{0,60}}\b(?:my|to me)\b",
    rf"\b{_ACT}\b[^\n\"]{{0,40}}\b(?:my|me|saved)\b[^\n\"]{{0,80}}\b(?:and|then|let's) (?:\w+ )?(?:send|e-?mail|forward|share|transfer)\b[^\n\"]{{0,80}}(?:@|\bto my\b|\bto me\b|\bto this\b|https?:)",
)

_ASKED: Final = rf"\b(?:please|can you|could you|kindly)\s+(?:\w+ )?{_ACT}\b"
_CORES: Final = {
    _EXTRACTIONS[0]: r"[ \t](?:prompts?|system message|programming)\b",
    _EXTRACTIONS[
        1
    ]: rf"[ \t](?:your|the system(?:'s)?|previous|hidden|secret|initial|original) {_W}?(?:instructions|rules|guidelines|directives|configuration|conditions)",
    _JAILBREAKS[
        1
    ]: r" (?:ethical|moral|content|safety|openai|legal|typical|ai|chatgpt) (?:or \w+ |and \w+ )?(?:guidelines?|restrictions?|filter|constraints?|limitations?|polic|standards|confines|rules|content policy|ethics)",
    _JAILBREAKS[
        4
    ]: r"\b(?:no (?:rules|restrictions|limit|filter|ethics|boundaries|moral)|without (?:any )?(?:rules|restrictions|limit|filter|ethics|boundaries|morals|censorship))",
    # Four pairs, three groups, one group; for a run of base64 a digit after a letter, in the midst of more.
    _ENCODINGS[2]: r"(?:\b[0-9a-f]{2}[ ,]){4}|(?:[.\-]{1,5}[ /]{1,3}){3}|[01]{7} |[a-z+/][0-9][a-z0-9+/]{8}",
    _EMBEDDED[0]: r"\byour (?:final |entire |next |whole )?(?:reply|response|answer|output|summary)\b",
    _EMBEDDED[3]: _ASKED,
    _EMBEDDED[4]: _ASKED,
    _EMBEDDED[5]: r"\b(?:send|e-?mail|forward|share|transfer)\b[^\n\"]*(?:@|\bto (?:my|me|this)\b|https?:)",
    _DEMANDS[5]: r"passwor|contrase|mot de passe|senha|has[łl]o|парол|密码|パスワード|비밀번호|كلمة|पासवर्ड|[şs]ifre",
    _FOREIGN_OVERRIDES[4]: r"talimat|komut|kural|y[öo]nerge",
}
"""The cores of signals whose first words are common ones, so that ordinary text does not set the automaton going."""

SIGNALS: Final = (
    *(_signal(Family.OVERRIDE, 1.0, e) for e in (*_OVERRIDES, *_FOREIGN_OVERRIDES)),
    *(_signal(Family.OVERRIDE, 0.6, e) for e in _OVERRIDE_HINTS),
    *(_signal(Family.EXTRACTION, 1.0, e) for e in _EXTRACTIONS),
    *(_signal(Family.EXTRACTION, 0.6, e) for e in _DEMANDS),
    *(_signal(Family.JAILBREAK, w, e) for e, w in zip(_JAILBREAKS, (1.0, 1.0, 0.5, 0.6, 1.0, 0.6, 0.5), strict=True)),
    *(_signal(Family.DELIMITER, w, e) for e, w in zip(_DELIMITERS, (1.0, 1.0, 0.8, 0.8, 0.6, 0.5), strict=True)),
    *(_signal(Family.FORCED_REPLY, w, e) for e, w in zip(_FORCED_REPLIES, (0.5, 0.6, 0.6, 0.6), strict=True)),
    *(_signal(Family.AUTHORITY, w, e) for e, w in zip(_AUTHORITIES, (0.6, 0.5, 0.4), strict=True)),
    *(_signal(Family.ENCODING, w, e) for e, w in zip(_ENCODINGS, (0.5, 0.4, 0.5, 0.4), strict=True)),
    *(_signal(Family.SECRECY, 0.6, e) for e in _SECRECIES),
    *(_signal(Family.EMBEDDED, 1.0, e) for e in _EMBEDDED),
)
"""Every signal. Weights within a family do not add up: the heaviest one counts."""

GUARDED: Final = (
    r"(?i)(?:(?:do not|don't|never|not|avoid)\W+(?:\w+\W+){0,3}?(?:reveal|disclos|shar|tell|giv|leak|repeat|provid|discuss|say)|\bsecret\b"
    r"|\bconfidential\b|\baccess code\b|\bpassw(?:ord|d)|\bpasscode)"
)
"""A system prompt that guards something: then a demand for it weighs more."""
GUARDED_THING: Final = r"\b(?:pass ?words?|passcodes?|pass ?phrases?|access codes?|secrets?|confidential)\b|парол|密码|パスワード|비밀번호|passwort|contrase|mot de passe|senha"
"""What such a system prompt guards, in a user's words."""
