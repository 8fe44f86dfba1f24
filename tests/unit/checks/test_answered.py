# ruff: noqa: RUF001 - sentences of many languages
import pytest

from otel_evals.checks.answered import Answered
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.text.patterns import OPENING_REACH, PatternPass, Target
from otel_evals.text.scan import Scan

REFUSALS = [
    "Lo siento, pero no puedo ayudarte con esa solicitud.",
    "Los documentos no contienen información sobre la tostadora.",
    "No tengo información suficiente para responder a esa pregunta.",
    "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
    "Die Dokumente enthalten keine Informationen über den Toaster.",
    "Ich kann diese Frage leider nicht beantworten.",
    "Je suis désolé, mais je ne peux pas vous aider avec cette demande.",
    "Le contexte fourni ne mentionne pas la capacité du grille-pain.",
    "Je n'ai pas trouvé cette information dans les documents.",
    "Desculpe, mas não posso ajudar com isso.",
    "Os documentos não mencionam a torradeira.",
    "Não encontrei informações sobre isso nos documentos fornecidos.",
    "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "I documenti non contengono informazioni sul tostapane.",
    "Non ho trovato alcuna informazione in merito.",
    "Het spijt me, maar ik kan je hier niet mee helpen.",
    "De documenten bevatten geen informatie over de broodrooster.",
    "Przykro mi, ale nie mogę pomóc w tej sprawie.",
    "Dokumenty nie zawierają informacji o tosterze.",
    "Nie znalazłem informacji na ten temat.",
    "Üzgünüm, bu konuda yardımcı olamam.",
    "Belgelerde tost makinesi hakkında bilgi bulunmuyor.",
    "Bu isteği yerine getiremem.",
    "Извините, но я не могу помочь с этим запросом.",
    "В документах нет информации о тостере.",
    "К сожалению, я не нашёл нужной информации.",
    "抱歉，我无法帮助您处理这个请求。",
    "提供的文档中没有提到烤面包机的信息。",
    "对不起，我不能回答这个问题。",
    "很抱歉，我無法協助您。",
    "申し訳ありませんが、そのご依頼にはお応えできません。",
    "提供された文書にはトースターに関する情報は含まれていません。",
    "申し訳ございませんが、お手伝いすることができません。",
    "죄송하지만 해당 요청은 도와드릴 수 없습니다.",
    "제공된 문서에는 토스터에 대한 정보가 없습니다.",
    "죄송합니다. 답변을 드릴 수 없습니다.",
    "عذراً، لا أستطيع مساعدتك في هذا الطلب.",
    "لا تحتوي المستندات على معلومات حول المحمصة.",
    "آسف، لا يمكنني الإجابة على هذا السؤال.",
    "क्षमा करें, मैं इसमें आपकी मदद नहीं कर सकता।",
    "दिए गए दस्तावेज़ों में टोस्टर के बारे में कोई जानकारी नहीं है।",
    "Xin lỗi, tôi không thể giúp bạn với yêu cầu này.",
    "Tài liệu không đề cập đến máy nướng bánh mì.",
    "Maaf, saya tidak dapat membantu permintaan ini.",
    "Dokumen tidak memuat informasi tentang pemanggang roti.",
    "I can't do that.",
    "I'm afraid I can't help with that one.",
    "That's not something I can do.",
    "I have no information about this in the documents.",
    "Unfortunately the manual does not say how heavy it is.",
    "I am not able to discuss that topic.",
    "The provided documents do not say anything about the Borealis toaster, so I cannot answer that.",
    "I'm sorry, but I could not find any information about the capacity in the provided documents.",
    "I don't know.",
    "Not mentioned in the context.",
    "My apologies, this goes against my guidelines.",
    "There is nothing in the sources about that.",
    "I'd rather not answer this.",
    "As an AI I have no access to live data.",
]

ANSWERS = [
    "No puedes llevar líquidos de más de 100 ml en el avión, según la normativa.",
    "Der Wasserkocher darf nicht in die Spülmaschine. Die Anleitung ist im Karton.",
    "Vous ne pouvez pas laver le corps de la bouilloire au lave-vaisselle.",
    "Nein, das Gerät kann man nicht im Freien verwenden; die Garantie gilt dort nicht.",
    "Não, a garantia não cobre danos causados por calcário.",
    "Non è possibile lavare il bollitore in lavastoviglie.",
    "Nie, gwarancja nie obejmuje kamienia.",
    "Hayır, cihaz bulaşık makinesinde yıkanamaz.",
    "Нет, чайник нельзя мыть в посудомоечной машине.",
    "不，水壶不能放进洗碗机。保修期为24个月。",
    "いいえ、本体は食器洗い機で洗えません。",
    "아니요, 본체는 식기세척기에 넣을 수 없습니다.",
    "لا، لا يمكن غسل الغلاية في غسالة الصحون.",
    "नहीं, केतली को डिशवॉशर में नहीं धोया जा सकता।",
    "You cannot return the item after 30 days.",
    "No, the warranty does not cover limescale.",
    "The function does not return a value if the list is empty.",
    "If the server cannot find the file, it answers 404 and the client should retry.",
    "Sorry to hear that! Press the reset button for five seconds.",
    "The information on the label does not include allergens, which are listed on the back.",
    "It's illegal to park there, but you can use the lot on 5th street.",
    "The data does not have to be sorted before calling bisect.",
    "We cannot know the future, yet forecasts say 20 degrees tomorrow.",
    "This document describes how files are stored. It does not include drivers.",
    "Das Dokument wird nicht gespeichert, wenn der Speicher voll ist. Löschen Sie zuerst alte Dateien.",
    "Les informations ne sont pas partagées avec des tiers ; elles restent sur votre appareil.",
    "文档内容没有自动保存功能，请按 Ctrl+S 保存。",
    "Информация не передаётся третьим лицам. Данные хранятся на устройстве.",
    "Las fuentes de la página no se cargan porque falta la hoja de estilos; añade la etiqueta link.",
    "Ich kann das gerne erklären: Die Lampe blinkt nicht, wenn der Akku voll ist und keine Daten gesendet werden.",
    "I recommend this book: it is wonderful.",
]

CHECK = Answered()
PATTERNS = PatternPass(CHECK.patterns())


def finding_of(answer: str):
    exchange = Exchange(
        messages=(Message(role="user", text="?"),), choices=(Choice(message=Message(role="assistant", text=answer)),)
    )
    return CHECK.evaluate(Scan(exchange, PATTERNS))


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_refusal_fails_in_any_of_the_languages(answer):
    assert finding_of(answer).label is Label.FAIL


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_says_no_is_an_answer(answer):
    assert finding_of(answer).label is Label.PASS


def test_help_after_an_apology_is_an_answer_with_a_lower_score():
    found = finding_of("I'm sorry, I can't share the full text. However, I can tell you what happens in each chapter.")
    assert found.label is Label.PASS
    assert 0 < found.score < 1


def test_a_list_of_better_ideas_does_not_turn_a_refusal_into_an_answer():
    found = finding_of("I cannot help you with that. Instead, I would suggest to:\n1. Talk to a friend.\n2. Rest.\n")
    assert found.label is Label.FAIL


def test_a_letter_that_declines_on_behalf_of_its_writer_is_an_answer():
    assert (
        finding_of("Dear Ms Sample,\n\nunfortunately we cannot offer you a refund.\n\nKind regards").label is Label.PASS
    )


def test_a_quoted_refusal_is_an_answer():
    assert (
        finding_of('The robot looked up. "I cannot help you with that," it said, and rolled away.').label is Label.PASS
    )


def test_a_refusing_phrase_deep_in_an_answer_is_no_refusal():
    story = "The keeper climbed the stairs and lit the lamp. " * 20
    assert finding_of(f"{story} I cannot help you, said the sea.").label is Label.PASS


@pytest.mark.parametrize("refusal", ["I'm unable to assist with that.", "Das kann ich leider gar nicht beantworten."])
def test_a_refusal_after_a_long_introduction_is_one_whatever_follows_it(refusal):
    introduction = "Thank you for the question about the keeper of the lamp and the stairs that he climbs. " * 3
    assert len(introduction) < OPENING_REACH
    assert finding_of(f"{introduction}{refusal}").label is Label.FAIL
    assert finding_of(f"{introduction}{refusal} {introduction * 3}").label is Label.FAIL


@pytest.mark.parametrize("answer", ["", "  \n"])
def test_an_empty_answer_is_not_judged(answer):
    assert finding_of(answer) is None


def test_the_pattern_set_still_sees_a_hit_at_the_end_of_a_long_text():
    text = "the kettle has a warranty of two years, and customers register it on the page. " * 760
    assert len(text) > 60_000
    assert PATTERNS.match(Target.ANSWER_OPENING, f"{text} i'm sorry, but i cannot help with that.")


def test_of_two_kinds_of_refusal_at_the_same_place_the_first_of_the_table_is_named():
    finding = finding_of("I cannot find any information about that.")
    assert finding.explanation == "The answer declines to help."
