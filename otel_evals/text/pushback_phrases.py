# ruff: noqa: E501, ISC004, RUF001 - one line a phrase pattern, in many languages and scripts
"""Phrases of disputing an answer in seventeen languages, for folded user turns: data of the check `user_pushback`."""

from typing import Final

_IS_NOT: Final = (
    r"(?:isn't|is not|wasn't|was not|doesn't|does not|didn't|did not|aren't|are not|can't be|cannot be|'s not)"
)
_RIGHT: Final = (
    r"(?:right|correct|accurate|true|so|what (?:i|we) (?:asked|meant|wanted|said|was asking|need)|helpful|it\b|make sense"
    r"|my question|answer|work|the (?:right|correct)|possible|plausible|up to date)"
)
_WRONG: Final = (
    r"(?:wrong|incorrect|inaccurate|mistaken|false|untrue|nonsense|not (?:quite |really |entirely |exactly |at all )?(?:right|correct"
    r"|accurate|true)|off|outdated|misleading|contradict\w*|unlikely|(?:a bit |a little |too |quite |very |rather |kind of |pretty )?"
    r"(?:low|high|odd|strange|weird|off|vague|simplistic))"
)
DENIALS: Final = (
    rf"\b(?:that|this|it|your (?:answer|response|information|reply)|the (?:answer|code|result))(?: still| just| really| also)? ?{_IS_NOT}"
    rf" (?:\w+ )?(?:(?:sound|seem|look|feel|appear)s? )?(?:to be )?(?:quite |really |entirely |exactly |at all |even |very |like )?(?:the )?{_RIGHT}",
    rf"\b(?:that|this|it|those|these|your (?:answer|response|information)|the (?:answer|year|date|number))(?: \w+){{0,2}}?"
    rf" ?(?:is|'s|was|are|were|seems?|sounds?|looks?|feels?|might be|may be|must be)"
    rf" (?:still |just |completely |totally |simply |clearly |actually |also |probably |likely |all )?{_WRONG}",
    r"\b(?:you|you've|you have)(?:'re| are| were| might be| may be| must be| seem| keep| got| made| have| misunder| mis| did)"
    r"(?:n't| not)? (?:\w+ ){0,2}?(?:wrong|mistaken|incorrect|confus\w+|contradict\w+|a mistake|an error|that wrong|it wrong|lying"
    r"|hallucinat\w+|listen\w*|even (?:ask|read)|answer(?:ed)? my|making (?:that|this|it|things|stuff) up|not (?:very )?helpful)",
    r"\byou (?:misunderstood|misread|misinterpreted|missed|forgot|ignored|skipped|mixed up|confused|contradicted|just made)\b",
    r"\b(?:there(?:'s| is| seems to be| must be| might be| may be| could be)|i (?:see|found|noticed|spotted|think there'?s?(?: is)?|believe there'?s?"
    r"(?: is)?)) (?:\w+ )?(?:an? )?(?:\w+ )?"
    r"(?:mistake|mix-?up|confusion|misunderstanding|error|contradiction|discrepancy|inconsistency|typo|oversimplification)\b",
    r"\bi (?:don't|do not|can't) (?:think|believe|agree)(?: (?:that|with|it|this|you|the)| your)",
    r"\bare you (?:absolutely |really |quite |so |100% )?(?:sure|certain|positive)\b",
    r"\b(?:that|this|those|these|it)(?: \w+)? (?:seems?|sounds?|looks?) (?:\w+ ){0,4}?(?:not|over\w+|too|unlikely|wrong|low|high|like a lot)\b",
    r"\bi(?:'m| am) not (?:so |quite |really )?(?:sure|convinced|certain) (?:that's|that is|that was|it's|about that|you|this is|if that)",
    r"\b(?:i (?:asked|said|meant|wanted|told you|specifically)\b[^.!?\n]{0,60}\bnot\b|not what i (?:asked|meant|wanted|said|was)"
    r"|(?:like|as) i (?:already )?(?:said|told you)|i already (?:told|said|tried))",
    r"\b(?:still|same) (?:wrong|incorrect|not (?:right|correct|working)|(?:doesn't|does not|isn't) work\w*|error|mistake)",
    r"\b(?:doublecheck|double-check|double check|recheck|check|verify|reconsider|review|confirm) (?:that|it|this|your|the)"
    r" (?:(?:information|answer|calculation|math|fact) )?(?:again|facts?|sources?|information|answer|calculation|math|once more|for accuracy)",
    r"\bmore (?:accurate|precise|reliable|correct) (?:answer|information|one|value|number|guidelines|data|source|explanation)",
    r"\b(?:try|check|look|think) (?:\w+ )?again\b",
)
OPENERS: Final = (
    r"^\W*(?:wait|hmm+|um+|uh|hold on|hang on|sorry|excuse me|ok|okay|well|hey)?\W*(?:are you|r u|you) (?:absolutely |really |quite |so |100% )?"
    r"(?:sure|certain|positive|serious|kidding)\b",
    r"^\W*(?:really|seriously|huh|what|wait|hmm+|hold on|oh|no|nope|actually|well|ok|okay|but|and yet|interesting)\b[\W]*(?:but |wait |because |really )?"
    r"(?:i|we|someone|my \w+|most|some|everyone|people|other sources?|wikipedia|google|the (?:internet|book|manual|documentation|docs))"
    r" (?:\w+ )?(?:thought|think|believed?|heard|read|was|were|learned|remember|recall|told|says?|said|saw|know|had|meant|understood|always|have heard)",
    r"^\W*(?:i|i've|i have|i had)(?: \w+)? (?:thought|heard|read|seen|was told|was under the impression|remember|recall|learned|been told|believed?)\b"
    r"[^.!?\n]{0,60}\b(?:different|otherwise|opposite|instead|not|wasn't|isn't|aren't|weren't|actually|conflicting|contrary|mistake|wrong|but)\b",
    r"^\W*(?:but|wait|hmm+|hold on)?[\s,.…-]*(?:but |wait )?(?:isn't|aren't|wasn't|weren't|doesn't|don't|didn't|hasn't|haven't|hadn't"
    r"|won't|wouldn't|shouldn't|couldn't|can't) (?:it|that|this|there|the|they|you|those|these|\w+ \w+)\b",
    r"^\W*(?:but|wait|hmm+)\b[\s,.…-]*(?:what if|how come|why (?:did|would|is)|that|it|you|this|there)\b",
    r"^\W*(?:that's |it's |this is )?(?:wrong|incorrect|false|nonsense|not true|not correct|not right|untrue|bullshit|bs|inaccurate|liar)\b",
    r"^\W*(?:but|really|seriously|wait)\b\W*(?:isn't|aren't|wasn't|weren't|doesn't|don't|didn't|hasn't|haven't|won't|wouldn't|shouldn't)\b",
    r"^\W*really\W+(?:i've|i'd|i have|i had|my|the|it|that|because|but)\b",
    r"^\W*no+(?:pe)?\b[\s,.!:;-]+(?:no\b|that|this|it|you|i (?:meant|said|asked|mean|wanted|think|thought|believe)|the|there|not|wrong|he|she|they"
    r"|we|in|actually|please|try)",
    r"^\W*actually\b[\s,]*(?:no\b|it's|it is|it was|that's|that is|the (?:correct|right|answer)|you|i (?:asked|said|meant|think|believe|heard|read))",
    r"^\W*it's actually\b|^\W*(?:that|this|it|he|she|they) (?:is|was|are|were) actually\b",
    r"^\W*(?:correction|you're wrong|you are wrong|i disagree|disagree|not really|not exactly|not quite|how can (?:that|it|you)|how is that possible"
    r"|that can't be|no way|who told you|where did you get)\b",
    r"\b(?:i (?:believe|think)|i'm (?:pretty|quite|fairly) sure|i am (?:pretty|quite|fairly) sure)\b[^.!?\n]{0,40}\b(?:you|that|it|there)(?:'s| is| are| were)?"
    r" (?:\w+ )?(?:wrong|mistake|mistaken|incorrect|error|different|actually|not)\b",
)
OTHER_LANGUAGES: Final = (
    # Spanish
    r"^\W*(?:¿?est[áa]s? segur[oa]|eso (?:no es|est[áa] mal|es (?:incorrecto|falso|un error))|no,? (?:eso|est[áa]s?|es|te|la respuesta)|te (?:equivocas|has"
    r" equivocado|equivocaste)|¿?(?:pero )?no (?:es|era|ser[íi]a|fue) (?:m[áa]s bien|en realidad)|incorrecto|falso|en realidad|(?:de verdad|en serio)\?)"
    r"|no es (?:correct|ciert|verdad|lo que (?:ped|pregunt|quer))|te (?:equivocas|has equivocado|equivocaste)|respuesta (?:es |está )?(?:incorrecta|equivocada|mal)"
    r"|cre[oí]a? que (?:te |est[áa]s |hay un error|no es|eso no)|has cometido un error",
    # German
    r"^\W*(?:bist du (?:dir )?(?:da )?sicher|sind sie (?:sich )?(?:da )?sicher|nein,? (?:das|du|sie|es|ich meinte|die)|das (?:stimmt|ist) (?:so )?(?:aber |doch )?(?:nicht|falsch)"
    r"|falsch\b|wirklich\?|eigentlich|stimmt nicht|aber (?:ist|war|hat|das|ich dachte)|ich dachte|unsinn)|das (?:stimmt|ist) (?:so |aber |doch |leider )*(?:nicht (?:richtig|korrekt|wahr)?"
    r"|falsch|nicht das,? was ich)|(?:du hast|sie haben) (?:dich|sich|mich|einen fehler|das falsch|meine frage nicht)|da (?:liegst du|liegen sie|irrst du)",
    # French
    r"^\W*(?:(?:tu es|t'es|vous [êe]tes|es-tu|[êe]tes-vous) s[ûu]re?s?|non,? (?:ce|c'est|tu|vous|pas|je|la)|c'est (?:faux|incorrect|une erreur|inexact)|ce n'est pas (?:vrai|correct"
    r"|exact|juste|ça|ce que)|faux\b|vraiment \?|en fait|mais (?:ce n'est|n'est-ce|je pensais|non))|(?:tu te trompes|vous vous trompez|tu t'es trompé|vous avez (?:fait une erreur|tort)"
    r"|tu as (?:tort|fait une erreur))|ce n'est pas ce que j|n'est pas (?:correcte?|exacte?|juste|bonne)",
    # Portuguese
    r"^\W*(?:(?:voc[êe] )?tem certeza|n[ãa]o,? (?:isso|est[áa]|voc[êe]|é|a resposta)|isso (?:est[áa] (?:errado|incorreto)|n[ãa]o (?:est[áa]|é|parece))|errado\b|falso\b|na verdade|s[ée]rio\?"
    r"|mas n[ãa]o)|voc[êe] (?:est[áa] (?:errad|enganad|equivocad)|errou|se enganou|cometeu)|n[ãa]o (?:é|foi) (?:o que (?:eu )?(?:pedi|perguntei|quis)|verdade|correto|isso)|resposta (?:est[áa] )?(?:errada|incorreta)",
    # Italian
    r"^\W*(?:(?:ne )?sei sicur[oa]|[èe] sicur[oa]|no,? (?:non|è|hai|quest|la)|(?:questo |ciò )?(?:non [èe] (?:vero|corrett|giust|esatt|quello che)|[èe] (?:sbagliato|falso|errato))|sbagliato|davvero\?"
    r"|in realt[àa]|ma non)|(?:ti sbagli|si sbaglia|hai sbagliato|hai torto|hai commesso)|non [èe] (?:corrett|giust|esatt|quello che (?:ho|ti|avevo|intend))|risposta (?:[èe] )?(?:sbagliata|errata)",
    # Dutch
    r"^\W*(?:weet je (?:dat |het )?zeker|weet u (?:dat |het )?zeker|nee,? (?:dat|je|u|het|ik)|dat (?:klopt|is) (?:niet|fout|onjuist|verkeerd)|fout\b|onzin|eigenlijk|echt\?|maar (?:is|was|dat))"
    r"|dat (?:klopt|is) (?:\w+ )?(?:niet (?:juist|waar|correct|wat ik)?|fout|onjuist|verkeerd)|je (?:hebt het mis|vergist je|hebt een fout)|u (?:heeft het mis|vergist zich)",
    # Polish
    r"^\W*(?:(?:czy )?(?:na pewno|jeste[śs] pew)|nie,? (?:to|to nie|mylisz|chodzi)|to (?:nieprawda|b[łl][ęa]d|jest b[łl][ęe]dn|nie jest (?:prawda|poprawn)|si[ęe] nie zgadza)|[źz]le\b|naprawd[ęe]\?|w[łl]a[śs]ciwie)"
    r"|(?:mylisz si[ęe]|pomyli[łl]|myli si[ęe] pan|nie o to (?:mi chodzi|pyta)|to nie jest (?:prawda|poprawn|to, o co)|pope[łl]ni[łl]e[śs])",
    # Turkish
    r"^\W*(?:emin misin|hay[ıi]r,? |yanl[ıi][şs]\b|bu (?:do[ğg]ru de[ğg]il|yanl[ıi][şs])|ger[çc]ekten mi|asl[ıi]nda)|(?:yan[ıi]l[ıi]yorsun|hata yapt[ıi]n|do[ğg]ru de[ğg]il|yanl[ıi][şs] cevap|bunu sormad[ıi]m)",
    # Russian, Ukrainian
    r"^\W*(?:(?:вы|ты) (?:уверен|точно)|нет,? (?:это|вы|ты|я|не)|это (?:не (?:так|верно|правда|правильно|то)|неправда|неверно|ошибка|неправильно)|неверно|неправильно|неправда|ошибка|разве|на самом деле|серьезно\?|правда\?"
    r"|но разве|ви впевнені|ти впевнен|це не(?:правда| так|вірно| правильно))|(?:вы|ты) (?:ошиб|неправ|не прав|перепутал)|я (?:спрашивал|просил|имел в виду)[^.!?\n]{0,20} не|ответ (?:неверн|неправильн)|(?:ви|ти) помил",
    # Chinese
    r"^\W*(?:你|您)?(?:确定吗|確定嗎|确定|不对|不對|错了|錯了|不是|不正确|不準確|不准确|真的吗|真的嗎|其实不是|胡说|错误|有误)|(?:你|您)(?:说|說|答|回答|弄|搞|理解)(?:的)?(?:不对|不對|错|錯|有误|不正确)|(?:这|這|那)(?:个答案|個答案|个回答)?(?:是)?"
    r"(?:不对|不對|不正确|错的|錯的|错误的|有问题|不是我(?:要|想|问))|(?:答案|回答)(?:是)?(?:不对|错|錯|有误|不正确)|不是我(?:问|想|要)的|再(?:检查|確認|确认|核实)一",
    # Japanese
    r"^\W*(?:本当ですか|本当に|違い|違う|ちがう|いいえ|いや|間違|それは違|確かですか|そうですか\?|え[、,])|(?:間違って|間違い|誤り|違って)(?:い|ます|です|では)|(?:正しく|合って)(?:ない|ありません|いません|いない)|もう一度確認|聞いて(?:いる|た)のは",
    # Korean
    r"^\W*(?:확실|정말(?:인가|이에요|요|입니까)?\?|진짜\?|아니(?:요|오|야)?[,. ]|틀렸|틀린|잘못|그게 아니)|(?:틀렸|틀린 것|잘못됐|잘못 알|잘못된 것|사실이 아|맞지 않|정확하지 않|다시 확인)",
    # Arabic
    r"^\W*(?:هل أنت متأكد|متأكد|لا[،,]? (?:هذا|أنت|بل|ليس)|هذا (?:خطأ|غير صحيح|ليس صحيح)|خطأ|غير صحيح|حقا؟|في الواقع)|(?:أنت مخطئ|إجابتك خاطئة|هذا غير صحيح|هذا ليس (?:ما|صحيح)|الإجابة (?:خاطئة|غير صحيحة)|أخطأت)",
    # Hindi
    r"^\W*(?:क्या (?:आप|तुम) (?:निश्चित|पक्का|सुनिश्चित)|नहीं,? (?:यह|ये|वह|आप)|यह (?:गलत|सही नहीं|सच नहीं)|गलत|सच में|वास्तव में)|(?:आप (?:गलत|ग़लत)|यह (?:गलत|ग़लत|सही नहीं)|(?:जवाब|उत्तर) (?:गलत|ग़लत|सही नहीं))",
    # Vietnamese, Indonesian
    r"^\W*(?:bạn có chắc|không phải|không,? (?:đó|điều|bạn)|sai rồi|không đúng|thật sao)|(?:bạn (?:sai|nhầm)|điều (?:đó|này) (?:sai|không đúng)|câu trả lời (?:sai|không đúng))"
    r"|^\W*(?:apakah (?:anda|kamu) yakin|yakin\b|bukan,? |tidak,? (?:itu|kamu|anda)|itu (?:salah|tidak benar)|salah\b)|(?:kamu|anda) (?:salah|keliru)|jawaban(?:mu| anda)? (?:salah|tidak benar)",
)

REPLY: Final = (
    r"^\W*(?:no+|nope|nah|nein|non|nee|nie|nei|n[ãa]o|hay[ıi]r|нет|ні|不|不是|不用|いいえ|아니[요오]?|لا|नहीं|không|tidak|bukan)\b"
    r"|^\W*i (?:don't|do not) (?:think|believe)|^\W*(?:no,? )?(?:this|that|it) (?:does not|doesn't|won't) work for (?:me|us)|thank"
)
"""What says no to an offer or a question of the assistant, and so disputes nothing when one went before."""
DISPUTED: Final = (
    r"wrong|incorrect|mistake|error|not (?:right|true|correct|what i)|check|falsch|faux|errad|sbagliat|błąd|yanlış|невер|неправ|ошиб"
    r"|错|錯|不对|不對|間違|틀|خطأ|गलत|sai|salah"
)
