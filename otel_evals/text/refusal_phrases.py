# ruff: noqa: E501, ISC004, RUF001 - one line a phrase pattern, in many languages and scripts
"""Phrases of refusing in seventeen languages, for folded answers: data of `text.refusals`, where they are explained."""

from typing import Final

_W: Final = r"(?:[^\s.,;:!?]+ )"
_NOT_ABLE: Final = (
    r"(?:cannot|can not|can't|cant|could not|couldn't|won't|will not|would not|wouldn't|must not|shouldn't|should not"
    r"|(?:am|'m|was|is|are|'re) (?:currently |sorry,? but )?(?:not able|unable|not allowed|not permitted|not programmed"
    r"|not capable|not designed|not authorized|not comfortable|not going|not in a position|not qualified|not equipped)"
    r"(?: to| with| of)?|(?:must|have to|need to|will) (?:respectfully |politely )?(?:decline|refuse|refrain from)(?: to)?"
    r"|(?:don't|do not) (?:have the ability|have permission|feel comfortable|think i can|think i should)(?: to)?"
    r"|(?:do not|don't) (?:provide|engage|support|assist|help|condone|promote|encourage|endorse))"
)
_HELPING: Final = (
    r"(?:help|assist|provid|answer|respond|repl|fulfil|compl|support|offer|giv|share|creat|writ|generat|discuss|do (?:that|this|so)"
    r"|engag|encourag|promot|suggest|advi|disclos|reveal|find|locat|access|determin|tell|say|speak|confirm|continu"
    r"|satisf|process|participat|endors|condon|produc|explain|describ|address|comment|mak|recreat|verif|accommodat|execut"
    r"|perform|carry|proceed|accept|entertain|justif|facilitat|look|retriev|supply|show|teach|instruct|guide|conduct)"
)
_SOURCE: Final = (
    r"(?:documents?|context|passages?|sources?|text|search results|results|articles?|excerpts?|snippets?|information|materials?"
    r"|knowledge base|data|records?|references?|files?|manual|content)"
)
ENGLISH_UNABLE: Final = (
    rf"\b(?:i|we)(?: am|'m)?(?: (?:really|simply|just|also|still|personally|unfortunately|therefore|,))*? ?{_NOT_ABLE}"
    rf"(?: {_W}{{0,2}}?{_HELPING}|[.,])",
    r"^\W*(?:i'm|i am|we're) (?:very |so |truly |deeply )?sorry,? (?:but )?(?:that's|this is|that is|it's|it is) "
    r"(?:not |beyond|outside|something)",
    r"\b(?:sorry|apologi[sz]e|unfortunately|regret)\b[^.!?\n]{0,40}\b(?:cannot|can't|unable to|not able to|won't|will not)\b",
    rf"\b(?:unable|not able) to {_W}{{0,1}}(?:assist|help|answer|fulfil|comply|provide)",
    r"\b(?:request|question|topic|query|this|that) (?:is |falls |goes |lies )?(?:beyond|outside|against|violates) "
    r"(?:of )?(?:my|our|the scope|what i|openai|content|safety|ethical|legal|community|usage)",
    r"\b(?:against|beyond|outside|not within|violates?) (?:of )?(?:my|our) (?:\w+ ){0,3}(?:programming|guidelines|polic|principles"
    r"|capabilit|abilit|scope|purpose|knowledge|expertise|ethic)",
    r"\b(?:that's|that is|this is|it's) not something (?:that )?(?:i|we) (?:can|could|am able|'m able)",
    r"\b(?:i|we)(?:'d| would) (?:rather|prefer) not(?: to)? (?:answer|say|discuss|comment|help|do|share)",
    r"\b(?:i|we|model,? and) (?:do not|don't) have the (?:capab|ab)ility to \w+",
    r"\b(?:cannot|can't|can not) (?:be answered|answer (?:that|this|the|your))",
)
ENGLISH_NO_INFORMATION: Final = (
    rf"\b(?:documents?|context|passages?|sources|search results|articles?|excerpts?|snippets?|knowledge base|references|files?"
    rf"|manual|(?:provided|given|available|retrieved|supplied|above) (?:text|information|content|data|materials?)) {_W}{{0,4}}?"
    rf"(?:do|does|did)(?: not|n't) {_W}{{0,2}}?(?:contain|provid|mention|say|specif|have (?:any|enough|information|details|an answer)"
    rf"|includ(?:e|ing) (?:any|information|details|enough|an answer|the answer)|cover|address|state|discuss|answer|giv|tell|talk|hold"
    rf"|offer|appear to|seem to|indicat|reveal|explain|refer)",
    rf"\b(?:no|not enough|insufficient|not sufficient|lack of|any) {_W}{{0,2}}?(?:information|details?|mention|answers?|data"
    rf"|evidence|reference|context)\b[^.!?\n]{{0,60}}\b(?:in|from|within|among|available|provided|given|about|to answer)\b"
    rf"[^.!?\n]{{0,30}}\b{_SOURCE}\b",
    rf"\b(?:i|we) (?:\w+ )?(?:could not|couldn't|cannot|can't|was unable to|am unable to|were unable to|did not|didn't|do not|don't)"
    rf" (?:\w+ )?(?:find|locate|see|identify|determine|have) {_W}{{0,4}}?(?:information|answer|details?|mention|data|evidence"
    rf"|anything|context|reference|enough|specific|knowledge|results?|documents?|record)",
    r"\bi (?:do not|don't|did not|didn't) (?:actually |really |currently )?know(?: the answer| about (?:that|this)| that| this)?(?:[.!;]|$)",
    r"\b(?:question|it|that|this|answer) (?:cannot|can't|can not|could not) be (?:answered|found|determined)",
    rf"\b(?:is|are|was|were) not (?:\w+ )?(?:specified|mentioned|provided|stated|found|available|given|included|contained|covered"
    rf"|discussed|described|addressed|present|answered) {_W}{{0,2}}?(?:in|by|within|from) {_W}{{0,3}}?{_SOURCE}\b",
    r"^\W*(?:unanswerable|no answer|not (?:answerable|mentioned|specified|stated|available|enough information)"
    r"|insufficient information|no information|n/a|unknown)(?: (?:in|by|from)(?: \w+){1,4})?\W*(?:$|[.\n])",
    r"\b(?:i'm|i am|we are) not (?:(?:sure|certain)[.,]|familiar with)",
    rf"\bthere(?:'s| is) nothing {_W}{{0,4}}?(?:in|within) {_W}{{0,3}}?{_SOURCE}\b",
    r"\bas (?:an ai|a language model)[^.!?\n]{0,60}\bi (?:(?:do not|don't) have (?:\w+ ){0,3}|have no (?:\w+ )?)(?:access|information"
    r"|data|knowledge)",
)
_WRONG: Final = (
    r"(?:appropriate|ethical|acceptable|okay|ok|safe|accurate|fair|right|legal|respectful|advisable|productive|moral|true|correct"
    r"|constructive|helpful|recommended|possible or ethical|justifiable|permissible)"
)
ENGLISH_OBJECTION: Final = (
    rf"\b(?:it(?:'s| is)|that is|that's|would be) (?:not|never|neither|also not|simply not|highly) {_W}{{0,2}}?(?:{_WRONG}|inappropriate"
    rf"|unethical)(?:,? (?:and|or|nor|to) \w+|,)* (?:to|for (?:me|anyone)|that)\b",
    rf"\b(?:i|we) (?:do not|don't) (?:think|believe|feel) (?:that )?it(?:'s| is) {_W}{{0,2}}?{_WRONG}",
    rf"\b(?:is|are) never (?:{_W}{{0,2}}?{_WRONG}|the answer|a solution|justified)",
    r"\b(?:i|we|and) (?:do not|don't|cannot|can't|strongly)(?: in any way)? (?:condone|promote|support|encourage|endorse|advocate|condemn)",
    r"\b(?:is|are) (?:\w+ )?(?:illegal|unethical|immoral|morally wrong|morally reprehensible|a (?:serious )?crime)"
    r"(?:,| and| or| but)",
    r"\bis not only (?:\w+ )?(?:illegal|unethical|immoral|dangerous|wrong)",
    r"\bno (?:valid |legitimate |good |justifiable |moral |ethical |inherent |logical )?(?:reasons?|justifications?|excuses?|benefits)\b[^.!?\n]{0,40}"
    r"\b(?:why|for|to|that|in)\b",
    r"\bi must (?:\w+ )?(?:clarify|emphasi[sz]e|stress|inform|point out|remind|advise|note)\b[^.!?\n]{0,120}"
    r"\b(?:unethical|illegal|not (?:ethical|appropriate|accurate|acceptable|respectful|okay|right)|inappropriate|harmful"
    r"|offensive|discriminat)",
    r"\b(?:the question|your (?:question|request)|this (?:question|request)) (?:\w+ ){0,4}(?:is|contains?|promotes?) (?:\w+ ){0,3}"
    r"(?:inappropriate|unethical|illegal|harmful|offensive|not (?:ethical|appropriate)|violent|discriminat)",
)
UNABLE: Final = {
    "es": r"\b(?:no (?:puedo|podemos|me es posible|soy capaz de|estoy (?:autorizad[oa]|en condiciones|program))|lo siento|lamento)"
    r"[^.!?\n]{0,40}\b(?:ayud|proporcion|responder|contestar|ofrecer|cumplir|brindar|dar|compartir|realizar|asist|acced)",
    "de": r"\b(?:ich|wir|das|dabei|damit|leider)[^.!?\n]{0,60}\b(?:nicht|keine?n?)\b[^.!?\n]{0,60}\b(?:helfen|weiterhelfen|beantworten"
    r"|unterstützen|bereitstellen|geben|nachkommen|anbieten|erfüllen|behilflich|dienen|auskunft|teilen)",
    "fr": r"\b(?:je|nous|désolée?)[^.!?\n]{0,40}(?:ne (?:peux|peut|pouvons|puis|suis|saurais|sommes)|n'ai pas|refuse)[^.!?\n]{0,50}"
    r"\b(?:aider|assister|répondre|fournir|donner|partager|accéder|satisfaire|proposer|discuter|effectuer|apporter)",
    "pt": r"\b(?:n[ãa]o (?:posso|podemos|consigo|é possível|estou autorizad|sou capaz)|desculpe|lamento)[^.!?\n]{0,40}"
    r"\b(?:ajud|fornecer|responder|oferecer|atender|dar|compartilhar|partilhar|auxiliar|realizar|cumprir)",
    "it": r"\b(?:non (?:posso|possiamo|sono in grado|mi è possibile|riesco)|mi dispiace|spiacente)[^.!?\n]{0,40}"
    r"\b(?:aiut|fornir|rispond|offrir|soddisf|dare|darti|darle|condivid|assist|esegu)",
    "nl": r"\b(?:ik|wij|we|helaas|daar)[^.!?\n]{0,40}\b(?:niet|geen)\b[^.!?\n]{0,50}\b(?:helpen|beantwoorden|geven|verstrekken"
    r"|assisteren|bieden|voldoen|delen|antwoorden)",
    "pl": r"\b(?:nie (?:mogę|możemy|jestem w stanie|potrafię|mogl)|przykro mi|przepraszam)[^.!?\n]{0,50}\b(?:pomóc|pomoc|odpowiedzieć"
    r"|udzielić|udzielac|dostarczyć|podać|spełnić|udostępni|zapewnić|przedstawić)",
    "tr": r"(?:yardımcı olam|yardım edem|cevap verem|yanıt verem|yanıtlayam|cevaplayam|sağlayam|veremem|veremiyor|sunam|karşılayam"
    r"|paylaşam|yapamam|yerine getirem)",
    "ru": r"(?:(?:я|мы|к сожалению|извините|простите)[^.!?\n]{0,40})?не (?:могу|можем|смогу|в состоянии|имею (?:возможности|права))"
    r"[^.!?\n]{0,40}(?:помочь|ответить|предостав|дать|выполнить|обсужда|помогать|поделиться|сообщить|содейств|отвечать)",
    "uk": r"не (?:можу|можемо|зможу|в змозі)[^.!?\n]{0,40}(?:допомог|відповісти|надати|дати|виконати|обговорю|поділитися)",
    "zh": r"(?:我|抱歉|对不起|對不起|很遗憾|不好意思|无法|無法)[^。！？\n]{0,12}(?:无法|無法|不能|不便|没办法|沒辦法|不可以|拒绝)[^。！？\n]{0,12}"
    r"(?:帮|幫|协助|協助|回答|提供|满足|滿足|给|給|讨论|討論|执行|完成|答复|支持|分享|处理)|(?:无法|不能)(?:回答|提供|协助|满足)(?:您|你|这|该|此|相关|任何)",
    "ja": r"(?:お答え|回答|お手伝い|提供|お応え|対応|ご案内|お教え|支援|お伝え|ご提供|サポート|共有|実行|ご回答)[^。\n]{0,10}"
    r"(?:できません|できかね|出来ません|いたしかね|致しかね|しかねます|することはでき|控え|することができません)",
    "ko": r"(?:도와|도움|답변|제공|응답|대답|알려|공유|수행|지원|말씀)[^.\n]{0,14}(?:수 없|수가 없|드리기 어렵|어렵습니다|불가능|못합니다|않습니다)",
    "ar": r"(?:لا (?:أستطيع|يمكنني|يمكننا|أقدر|نستطيع)|لن أتمكن|لست قادر|غير قادر|لا أتمكن|عذرا|عذراً|آسف)[^.!؟\n]{0,40}"
    r"(?:مساعد|الإجابة|تقديم|توفير|إعطاء|تلبية|الرد|أجيب|أساعد|أقدم|مشاركة)",
    "hi": r"(?:मदद|सहायता|उत्तर|जवाब|जानकारी|प्रदान)[^।\n]{0,20}(?:नहीं (?:कर|दे|सक)|असमर्थ|करने में असमर्थ)",
    "vi": r"(?:tôi|chúng tôi|xin lỗi|rất tiếc)[^.!?\n]{0,20}không thể[^.!?\n]{0,20}(?:giúp|hỗ trợ|trả lời|cung cấp|đáp ứng|thực hiện|chia sẻ)",
    "id": r"(?:saya|kami|maaf)[^.!?\n]{0,20}(?:tidak (?:dapat|bisa|mampu|boleh)|tak bisa)[^.!?\n]{0,20}(?:bantu|jawab|beri|sedia|penuhi"
    r"|memenuhi|laku|bagi|diskusi)",
}
NO_INFORMATION: Final = {
    "es": r"\b(?:(?:documentos?|contexto|fuentes?|textos?|información|pasajes?)[^.!?\n]{0,40}\bno (?:contien|mencion|proporcion|inclu|dice"
    r"|ofrec|especific|habl|indic|aparec|hay |se (?:mencion|especific|indic|encuentr|dice))|no (?:tengo|dispongo de|hay|encontr|he encontrado|encuentro|cuento con|pude encontrar|se)"
    r"[^.!?\n]{0,40}(?:información|datos|respuesta|mención|menciona|detalles|especifica|suficiente)|no (?:lo )?sé(?:[\s.,;!?]|$))",
    "de": r"\b(?:(?:dokumente?n?|kontext|quellen?|texte?n?|unterlagen|abschnitte?)[^.!?\n]{0,60}\b(?:nicht|keine?n?r?|nichts)\b"
    r"[^.!?,\n]{0,40}\b(?:information|angaben|auskunft|antwort|enthalten|erwähn|hervor|darüber|dazu|genannt|zu finden|beantwort|angegeben)"
    r"|(?:keine?|nicht genug|nicht genügend|unzureichende) (?:\w+ )?(?:informationen|angaben|auskunft|antwort|hinweise?)"
    r"|ich weiß (?:es |das |die antwort )?(?:leider )?nicht|nicht (?:finden|gefunden|enthalten|erwähnt|angegeben))",
    "fr": r"(?:(?:documents?|contexte|sources?|textes?|passages?|extraits?)[^.!?\n]{0,40}\bn(?:e |')(?:\w+ )?(?:contien|mention|"
    r"fourni|inclu|dis|précis|indiqu|donn|permet|parl|évoqu|propos)|\bn(?:e |')(?:ai|trouv|dispos|poss|y a|est)[^.!?\n]{0,40}"
    r"(?:information|réponse|mention|détail|données|élément)|je (?:ne )?(?:l')?sais pas)",
    "pt": r"(?:(?:documentos?|contexto|fontes?|textos?|informaç(?:ão|ões)|trechos?)[^.!?\n]{0,40}\bn[ãa]o (?:cont|mencion|fornec|inclu|diz"
    r"|oferec|especific|fala|indic|apresent|há)|n[ãa]o (?:tenho|há|encontrei|encontro|consegui encontrar|disponho|possuo|foi|é)"
    r"[^.!?\n]{0,40}(?:informaç|dados|resposta|menç|menciona|detalhes|suficiente|encontrad)|\bn[ãa]o sei\b)",
    "it": r"(?:(?:document[io]|contesto|font[ei]|test[oi]|informazioni|pass(?:o|i|aggi))[^.!?\n]{0,40}\bnon (?:conten|menzion|fornisc|inclu|dic"
    r"|offr|specific|parl|indic|riport|c'è|ci sono)|non (?:ho|dispongo|ci sono|c'è|trovo|sono|è)[^.!?\n]{0,40}(?:informazion|dati|risposta"
    r"|menzion|dettagli|sufficient)|\bnon (?:lo )?so\b)",
    "nl": r"(?:(?:documenten|document|context|bronn?en|teksten?|passages?)[^.!?\n]{0,30}\b(?:bevat|vermeld|noem|ge(?:ef|ven)|zeg|staat|biedt)\w*"
    r"[^.!?\n]{0,30}\b(?:niet|geen|niets)\b|(?:geen|onvoldoende"
    r"|niet genoeg) (?:\w+ )?(?:informatie|gegevens|antwoord|details)|ik weet (?:het|dat) niet)",
    "pl": r"(?:(?:dokument\w*|kontek\w+|źród\w+|tekst\w*|informacj\w+|fragment\w*)[^.!?\n]{0,40}\bnie (?:zawier|wspom|mówi|podaj|zawart|określ"
    r"|ma\b|znalaz|obejm|dostarcz)|(?:nie mam|nie posiadam|nie znalazłe?a?m|brak|nie ma)[^.!?\n]{0,40}(?:informacj|danych|odpowiedzi|wzmiank)"
    r"|\bnie wiem\b)",
    "tr": r"(?:(?:belge|bağlam|kaynak|metin|doküman)[^.!?\n]{0,80}(?:yok|bulunm|içerm|bahsed?ilm|bahsetm|belirtilm|yer alm|sağlam)"
    r"|(?:bilgi|cevap|yanıt|veri)[^.!?\n]{0,30}(?:yok|bulunm|bulamad|sahip değil|yeterli değil)|\bbilmiyorum)",
    "ru": r"(?:(?:документ|контекст|источник|текст|информаци|материал|отрывк)[^.!?\n]{0,60}(?:\bне (?:содерж|упомина|говор|указ|предостав|найден"
    r"|включа|сообща|имеет)|нет )|не (?:наш[её]л|нашла|могу найти|удалось найти|располагаю|владею|имею|содерж)[^.!?\n]{0,40}"
    r"(?:информаци|данных|сведени|ответ)|(?:нет|недостаточно|отсутству\w+) (?:\S+ ){0,2}(?:информаци|данных|сведени|упоминани)|я не знаю)",
    "uk": r"(?:(?:документ|контекст|джерел|текст|інформаці)[^.!?\n]{0,60}(?:не (?:міст|згаду|говор|вказ|нада)|немає)|(?:не маю|не знайш|немає"
    r"|недостатньо)[^.!?\n]{0,40}(?:інформаці|даних|відповід)|я не знаю)",
    "zh": r"(?:文档|文件|文檔|上下文|资料|資料|文本|信息|資訊|材料|来源|文章|段落|内容)[^。！？\n]{0,20}(?:没有|沒有|未|并未|並未|不包含|不足|无法|無法)[^。！？\n]{0,8}"
    r"(?:提|说|說|包含|信息|資訊|涉及|给出|回答|找到|说明|答案|内容|确定)|(?:没有|沒有|未能?|无法|無法|找不到)[^。！？\n]{0,8}(?:找到|相关|足够|任何|有关|關於)"
    r"[^。！？\n]{0,14}(?:信息|資訊|资料|資料|内容|答案|记录)|我不知道|我不清楚",
    "ja": r"(?:文書|資料|文脈|コンテキスト|情報|ドキュメント|本文|テキスト|記事|記載)[^。\n]{0,30}(?:含まれてい(?:ません|ない)|記載されて(?:いません|いない)|ありません"
    r"|見つかりません|見つけられません|ございません|不足して|書かれていません|言及(?:されて)?(?:いません|がありません))|わかりません|分かりません|存じません|知りません",
    "ko": r"(?:문서|자료|문맥|컨텍스트|정보|출처|본문|내용|텍스트)[^.\n]{0,30}(?:없습니다|없어|없으|않습니다|않아|부족|못했습니다|찾을 수)|모르겠습니다|알 수 없습니다|모릅니다",
    "ar": r"(?:(?:الوثائق|المستندات|السياق|النص|المصادر|المعلومات|الوثيقة|المستند)[^.!؟\n]{0,40}(?:لا |لم |ليس)|(?:لا (?:توجد|تتوفر|أملك|يوجد|أجد|تذكر"
    r"|يذكر|تحتوي|يحتوي|يتوفر)|لم أجد|لم أعثر|ليس لدي|ليست لدي)[^.!؟\n]{0,40}(?:معلوم|إجابة|بيانات|جواب|ذكر|تفاصيل)|لا أعرف|لا أعلم)",
    "hi": r"(?:(?:दस्तावेज़|दस्तावेज|संदर्भ|स्रोत|पाठ|जानकारी|सूचना)[^।\n]{0,40}(?:नहीं|उपलब्ध नहीं|अभाव)|(?:मुझे|मेरे पास)[^।\n]{0,30}(?:नहीं (?:पता|मिल|है|मालूम)))",
    "vi": r"(?:(?:tài liệu|ngữ cảnh|văn bản|nguồn|thông tin)[^.!?\n]{0,40}không (?:có|chứa|đề cập|cung cấp|nói|nêu|bao gồm|đủ)|(?:không (?:có|tìm thấy"
    r"|đủ))[^.!?\n]{0,20}(?:thông tin|dữ liệu|câu trả lời)|tôi không biết)",
    "id": r"(?:(?:dokumen|konteks|sumber|teks|informasi)[^.!?\n]{0,40}tidak (?:ada|memuat|menyebut|berisi|memberi|menyediakan|mengandung|ditemukan"
    r"|cukup|mencakup)|tidak (?:memiliki|menemukan|ada|punya|dapat menemukan)[^.!?\n]{0,20}(?:informasi|data|jawaban)|tidak tahu)",
}

_SAYS_NOT: Final = (
    rf"(?:do|does|did)(?: not|n't) {_W}{{0,2}}?(?:contain|provid|mention|say|specif|have|includ|cover|address|state|discuss"
    r"|answer|giv|tell|talk|hold|offer|appear|seem|indicat|reveal|explain|refer)"
)
CORES: Final = {
    ENGLISH_NO_INFORMATION[0]: _SAYS_NOT,
    ENGLISH_OBJECTION[4]: r"(?:illegal|unethical|immoral|morally wrong|reprehensible|crime)(?:,| and| or| but)",
    UNABLE["nl"]: r"\b(?:niet|geen)",
    NO_INFORMATION["fr"]: r"\bn(?:e |')|sais pas",
    NO_INFORMATION["it"]: r"non ",
    NO_INFORMATION["nl"]: r"niet|geen|onvoldoende",
    NO_INFORMATION["tr"]: r"yok|bulunm|bulamad|içerm|bahse|belirtilm|yer alm|sağlam|değil|bilmiyorum",
}
"""The rarest part of phrases that begin with words of ordinary English texts ("documents", "we", "is")."""

HELP: Final = (
    r"\b(?:however|but|that said|instead|still|nevertheless|nonetheless)\b,? (?:\S+ ){0,6}?(?:i can (?:tell|say|share|offer|provide|give"
    r"|explain|help|suggest|confirm)|here(?:'s| is| are)|based on|according to|in general|generally|it (?:does|is (?:known|likely|possible))"
    r"|they (?:do|state|mention|say)|the (?:documents?|context|text|sources?|article|passage)s? (?:do|does|mention|state|say|indicate))"
    r"|```|\bhere(?:'s| is| are) (?:a|an|the|some|how|what|my)\b[^.\n]{0,80}:"
)
"""What turns to help after a refusing phrase."""

ALTERNATIVES: Final = r"\b(?:instead|alternative|(?:would|can|could) (?:suggest|encourage|recommend)|if you(?:'re| are| or| have| need| feel))"
"""What offers something else than was asked for."""
