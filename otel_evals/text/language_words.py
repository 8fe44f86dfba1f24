# ruff: noqa: E501, RUF001 - one line a language, in many languages and scripts
"""Words and letters that tell languages apart, and what languages are called: data of `text.languages`."""

import re
from typing import Final

WORDS: Final = {
    "en": "the of and to in is that it for was on are with as be this have from or by not but what all were when we there can an your "
    "which their if do will how about into more these would should could has been they you his her our its than then them some",
    "es": "el la los las de del y en que es un una por con para se su como más pero sus al lo este esta sí porque entre cuando muy sin sobre "
    "también me hasta hay donde quien desde todo nos durante puede son ser está están cómo qué ha las uno eso esto debe pueden tiene",
    "fr": "le la les de des du et en un une que est pour qui dans par plus pas au sur ne se ce il sont avec elle aux cette ces mais ou où comme "
    "être leur nous vous peut sa ses son à été très dont il y fait quoi comment quelle quel sans entre aussi peuvent votre d'une d'un",
    "de": "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei "
    "einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch kann ich wir können was welche ihre ihr",
    "it": "il lo la i gli le di del della dei delle che e è un una per in con non si da come più sono al alla nel nella dal anche ma se ha questo "
    "questa o essere può loro cosa tra dalla sulla degli ai alle ci quali quando perché dove sua suo molto c'è l'a viene possono",
    "pt": "o a os as de do da dos das e em um uma que é para com não por mais como mas foi ao ele se na no nas nos são seu sua ou ser quando muito "
    "há já está também pelo pela até isso ela entre depois sem mesmo aos ter seus quem me esse eles você essa num qual pode podem você",
    "nl": "de het een van en in is dat op te zijn met voor niet aan er om dan zou wat mijn men dit zo door over ze zich bij ook tot je mij uit der "
    "daar haar naar heb hoe heeft hebben deze u want nog zal me zij nu ge geen omdat iets worden toch al waren veel meer doen moet ben kan wordt",
    "pl": "w i na z się do nie że o jest to jak za po co od dla czy przez tym są ale być może oraz które który która lub więc tylko jego także "
    "ze przy tego jej ich ma już pod bardzo te ten ta było gdy jako można bez kiedy między aby",
    "tr": "ve bir bu için ile de da çok olarak daha olan gibi ne en ama kadar sonra ya olduğu mi var her değil veya nasıl olabilir ise şey göre "
    "hem içinde bunu tüm önemli diğer üzerinde yapmak olan ben sen bana nedir hakkında birçok edin edilir",
    "vi": "và của là có không các được cho một những trong với này để người đã từ khi như cũng về ra thì làm tôi bạn đó đến nhiều sẽ nếu hơn vào "
    "hoặc tại phải trên rất bằng cách thể việc hãy gì nó năm theo sau đây lại mà do vì nên",
    "id": "yang dan di untuk dengan dari ini dalam tidak pada itu adalah akan ke dapat oleh juga ada atau mereka saya lebih kami telah bisa anda "
    "sebagai bahwa seperti karena tersebut apa bagaimana kita sangat secara antara jika namun menjadi memiliki serta banyak dia hal",
    "sv": "och att det i en som på är av för med den till inte ett har om jag de var men så från vi kan när nu hur eller ska också vad där sin "
    "han hon man måste deras mycket vilket dessa detta",
    "da": "og at det i en som på er af for med den til ikke et har om jeg de var men så fra vi kan når nu hvordan eller skal også hvad der sin "
    "han hun man må deres meget hvilket disse dette være blev bliver",
    "no": "og å det i en som på er av for med den til ikke et har om jeg de var men så fra vi kan når nå hvordan eller skal også hva der sin "
    "han hun man må deres mye hvilket disse dette være ble blir",
    "fi": "ja on ei että se oli hän mutta ovat kun niin myös kuin joka mitä tai jos vain minä sen ole siitä olla jotka voi mikä miten sekä ovat",
    "cs": "a se v na je že s z do o i to jako za by ale po si tak k jsou pro od který která které nebo také jeho až být může jak když však při "
    "byl jsem podle více má jsme co",
    "ro": "și de la în a cu pe care este un o nu pentru că din mai sunt sau ca dar fi se al ale lui să ce prin cum poate după aceasta acest lor "
    "când fost fără între foarte",
    "hu": "a az és hogy nem is egy ez de van meg csak ha azt mint már volt ki vagy lehet még el aki amely fel kell minden sem itt ezt mi "
    "után olyan nagyon között mert hogyan",
    "sl": "je in v na se da za so z ki ne pa s bi kot tudi o po iz od ali še pri do ker lahko ni kaj samo bo kako bolj med zelo ko že",
    "hr": "je i u na se da za su od s koji ne što kao o bi iz ili ali koja koje može biti kako po ga samo više do kada tako svi ima zbog",
}
REQUESTS: Final = {
    "en": "a i me my write make create generate explain describe list give summarize compare tell please does why who where when which using should",
    "es": "escribe escriba escribir genera genere generar crea cree crear explica explique describe haz resume dame cuál cuáles qué quién dónde cuándo por favor diseña diseñar mi tu ensayo sobre historia",
    "fr": "écris écrivez rédige rédigez génère générez crée créez explique expliquez décris donne donnez résume faites liste quels quelles qui pourquoi quand mon ton est-ce puis-je a-t-elle a-t-il qu'est-ce",
    "de": "schreibe schreiben schreib erstelle erstellen generiere generieren erkläre erklären beschreibe nenne gib fasse warum wieso wann wo wer welches welcher mein dein bitte sie ihren meine",
    "it": "scrivi scrivere crea creare genera spiega descrivi elenca riassumi dimmi chi dove qual quale quanto mio tuo saggio sull' dell' nell' all' un' dall' c' articolo",
    "pt": "escreva escrever gere gerar crie criar explique descreva liste resuma diga faça qual quais onde quando meu sua por favor ensaio texto sobre história seguinte",
    "nl": "schrijf maak genereer leg beschrijf geef vat waarom wie waar wanneer welke mijn jouw alsjeblieft hoeveel",
    "pl": "napisz stwórz wygeneruj wyjaśnij opisz podaj wymień streść dlaczego kto gdzie kiedy jaki jaka jakie jaką mój proszę",
    "tr": "yaz yazın yazınız oluştur oluşturun açıkla açıklayın anlat listele hangi hangisi neden niçin nerede kim kaç mı mu mü misin nelerdir önerileri lütfen benim ile arasındaki hakkında ilgili",
    "vi": "viết tạo giải thích mô tả liệt kê tóm tắt hãy tại sao ai đâu khi nào bao nhiêu gì cho tôi",
    "id": "tulis tuliskan tulislah buat buatlah buatkan jelaskan jelaskanlah gambarkan sebutkan berikan ringkaskan rangkum mengapa siapa dimana kapan berapa sebuah seorang mengenai tentang selama esai artikel cerita menulis membuat",
    "sv": "skriv skapa förklara beskriv ge lista varför vem vilken vilka min din snälla",
    "da": "skriv lav forklar beskriv giv hvorfor hvem hvilken min din venligst",
    "no": "skriv lag forklar beskriv gi hvorfor hvem hvilken min din vennligst",
    "fi": "kirjoita luo selitä kuvaile miksi kuka missä milloin mikä minun",
    "cs": "napiš napište vytvoř vysvětli popiš proč kdo kde kdy jaký jaká jaké můj prosím",
    "ro": "scrie creează explică descrie dă cine unde când care meu vă rog de",
    "hu": "írj írjon készíts magyarázd sorold miért ki hol mikor melyik",
    "sl": "napiši ustvari razloži opiši zakaj kdo kje kdaj kateri prosim",
    "hr": "napiši stvori objasni opiši zašto tko gdje kada koji molim",
}
"""How people open a request: short questions hold few other little words."""
LETTERS: Final = {
    "tr": re.compile("[ğışİ]"),
    "vi": re.compile("[ơưđạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]"),
    "pl": re.compile("[łąęśźżń]"),
    "de": re.compile("[ßäü]"),
    "es": re.compile("[ñ]"),
    "pt": re.compile("[ãõ]"),
    "fr": re.compile("[œèêù]"),
    "cs": re.compile("[řěů]"),
    "hu": re.compile("[őű]"),
    "ro": re.compile("[șțăţş]"),
}
"""Letters that name a language by themselves or with few others; a word with one counts like a little word."""
NAMES: Final = {
    "en": "English", "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "pl": "Polish",
    "tr": "Turkish", "vi": "Vietnamese", "id": "Indonesian", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "fi": "Finnish",
    "cs": "Czech", "ro": "Romanian", "hu": "Hungarian", "sl": "Slovenian", "hr": "Croatian", "ja": "Japanese",
    "zh": "Chinese", "ko": "Korean", "ru": "Russian", "uk": "Ukrainian", "ar": "Arabic", "fa": "Persian", "hi": "Hindi", "he": "Hebrew",
    "el": "Greek", "th": "Thai", "bn": "Bengali", "ta": "Tamil", "te": "Telugu", "gu": "Gujarati", "pa": "Punjabi", "ka": "Georgian",
    "hy": "Armenian",
}  # fmt: skip
"""English names by code, for explanations."""

CALLED: Final = {
    "en": "english inglés ingles anglais englisch inglese inglês engels angielsk ingiliz английск англійськ 英语 英語 英文 영어 الإنجليزية انجليزي अंग्रेज़ी अंग्रेजी "
    "tiếng_anh bahasa_inggris engelska engelsk",
    "es": "spanish español espanol castellano espagnol spanisch spagnolo espanhol spaans hiszpańsk ispanyol испанск 西班牙 スペイン語 스페인어 الإسبانية स्पेनिश",
    "fr": "french francés français francais französisch francese francês frans francusk fransız французск 法语 法語 フランス語 프랑스어 الفرنسية फ्रेंच tiếng_pháp prancis",
    "de": "german alemán allemand deutsch tedesco alemão duits niemieck almanca немецк 德语 德語 ドイツ語 독일어 الألمانية जर्मन tiếng_đức jerman",
    "it": "italian italiano italien italienisch italiaans włosk италь итальянск 意大利 イタリア語 이탈리아어 الإيطالية इतालवी",
    "pt": "portuguese portugués português portugues portugais portugiesisch portoghese portugees portugalsk португальск 葡萄牙 ポルトガル語 포르투갈어 البرتغالية",
    "nl": "dutch holandés néerlandais niederländisch olandese holandês nederlands голландск нидерландск 荷兰 オランダ語",
    "pl": "polish polaco polonais polnisch polacco polonês po_polsku polski польск 波兰 ポーランド語",
    "tr": "turkish turco turc türkisch turks turecku türkçe турецк 土耳其 トルコ語 터키어 التركية",
    "vi": "vietnamese vietnamita vietnamien vietnamesisch tiếng_việt вьетнамск 越南 ベトナム語 베트남어",
    "id": "indonesian indonesio indonésien indonesisch bahasa_indonesia индонезийск 印尼 インドネシア語",
    "ja": "japanese japonés japonais japanisch giapponese japonês japans japońsk japonca японск 日语 日語 日文 日本語 일본어 اليابانية जापानी",
    "zh": "chinese mandarin chino chinois chinesisch cinese chinês chinees chińsk çince китайск 中文 汉语 漢語 中国語 중국어 الصينية चीनी",
    "ko": "korean coreano coréen koreanisch koreaans koreańsk korece корейск 韩语 韓文 韓国語 한국어 الكورية",
    "ru": "russian ruso russe russisch russo rosyjsk rusça на_русском русск 俄语 俄語 ロシア語 러시아어 الروسية रूसी",
    "uk": "ukrainian ucraniano ukrainien ukrainisch ucraino ukraińsk українськ украинск",
    "ar": "arabic árabe arabe arabisch arabo arapça арабск 阿拉伯 アラビア語 아랍어 العربية अरबी",
    "hi": "hindi хинди 印地 ヒンディー 힌디 हिन्दी हिंदी",
}
TRANSLATION: Final = (
    "translat", "traduc", "traduz", "tradui", "tradur", "übersetz", "vertaal", "tłumacz", "przetłum", "çevir", "tercüme", "перевед", "перевод",
    "翻译", "翻譯", "翻訳", "訳し", "번역", "ترجم", "अनुवाद", "dịch sang", "dịch câu", "dịch đoạn", "terjemah", "översätt", "oversæt", "oversett", "bilingual", "multilingual",
    "in another language", "in a foreign language",
)  # fmt: skip
