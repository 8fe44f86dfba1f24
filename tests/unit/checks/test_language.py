# ruff: noqa: RUF001, E501 - sentences of many languages
import itertools

import pytest

from otel_evals.checks.language import Language
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

SAYINGS = {
    "en": "The weather was good and we went to the park with the children, but it is cold today.",
    "es": "El tiempo era bueno y fuimos al parque con los niños, pero hoy hace mucho frío en la ciudad.",
    "fr": "Le temps était beau et nous sommes allés au parc avec les enfants, mais il fait froid dans la ville.",
    "de": "Das Wetter war gut und wir sind mit den Kindern in den Park gegangen, aber heute ist es kalt.",
    "it": "Il tempo era bello e siamo andati al parco con i bambini, ma oggi fa molto freddo nella città.",
    "pt": "O tempo estava bom e fomos ao parque com as crianças, mas hoje está muito frio na cidade.",
    "nl": "Het weer was goed en we zijn met de kinderen naar het park gegaan, maar vandaag is het koud.",
    "pl": "Pogoda była dobra i poszliśmy z dziećmi do parku, ale dzisiaj jest bardzo zimno w mieście, więc nie idziemy.",
    "tr": "Hava güzeldi ve çocuklarla parka gittik, ama bugün şehirde çok soğuk bir gün var gibi.",
    "vi": "Thời tiết tốt và chúng tôi đã đi công viên với các con, nhưng hôm nay trời rất lạnh.",
    "id": "Cuaca bagus dan kami pergi ke taman dengan anak-anak, tetapi hari ini di kota sangat dingin.",
    "ru": "Погода была хорошая, и мы пошли с детьми в парк, но сегодня очень холодно.",
    "ja": "天気が良かったので、子供たちと公園に行きましたが、今日はとても寒いです。",
    "zh": "天气很好，我们带着孩子们去了公园，但是今天城里非常冷。",
    "ko": "날씨가 좋아서 아이들과 공원에 갔지만 오늘은 매우 춥습니다.",
    "ar": "كان الطقس جيدا وذهبنا إلى الحديقة مع الأطفال لكن الجو بارد اليوم.",
    "hi": "मौसम अच्छा था और हम बच्चों के साथ पार्क गए लेकिन आज बहुत ठंड है।",
}
CHECK = Language()
PATTERNS = PatternPass(())


def finding_of(question: str, answer: str, *, system: str = "", before: tuple[Message, ...] = ()):
    messages = (Message(role="system", text=system), *before, Message(role="user", text=question))
    choice = Choice(message=Message(role="assistant", text=answer))
    return CHECK.evaluate(Scan(Exchange(messages=messages, choices=(choice,)), PATTERNS))


@pytest.mark.parametrize("language", SAYINGS)
def test_the_same_language_passes(language):
    assert finding_of(SAYINGS[language], SAYINGS[language]).label is Label.PASS


@pytest.mark.parametrize(("asked", "answered"), list(itertools.permutations(SAYINGS, 2)))
def test_another_language_fails(asked, answered):
    assert finding_of(SAYINGS[asked], SAYINGS[answered]).label is Label.FAIL


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How do you say good morning in Spanish, and what would you write in a letter to a friend?", "es"),
        ("Translate this into the language of my grandmother: the weather was good and it is cold today.", "de"),
        ("Erzähle mir von dem Wetter und von den Kindern, aber bitte auf Englisch.", "en"),
        ("天気について英語で書いてください。今日はとても寒いです。", "en"),
        ("Опиши погоду на французском языке, но только коротко.", "fr"),
    ],
)
def test_a_language_that_the_user_asked_for_passes(question, answer):
    assert finding_of(question, SAYINGS[answer]).label is Label.PASS


def test_a_language_that_the_system_prompt_asks_for_passes():
    assert finding_of(SAYINGS["de"], SAYINGS["en"], system="Always answer in English.").label is Label.PASS


def test_a_language_that_the_user_wrote_before_passes():
    before = (Message(role="user", text=SAYINGS["fr"]), Message(role="assistant", text=SAYINGS["fr"]))
    assert finding_of(SAYINGS["en"], SAYINGS["fr"], before=before).label is Label.PASS


@pytest.mark.parametrize(
    "answer", ["OK", "Canberra", "42", '{"city": "Wien", "und": "die der das"}', "def f(x):\n    return x"]
)
def test_short_answers_data_and_code_are_not_judged(answer):
    assert finding_of(SAYINGS["de"], answer) is None


def test_a_question_in_two_languages_may_be_answered_in_either():
    question = f"Was heißt das auf gut Deutsch und was soll ich damit machen? {SAYINGS['en']}"
    assert finding_of(question, SAYINGS["en"]).label is Label.PASS


def test_context_in_another_language_is_not_the_users_language():
    question = f"Context:\n{SAYINGS['en']}\n\nQuestion: Was hat die Familie mit den Kindern gemacht?"
    assert finding_of(question, SAYINGS["de"]).label is Label.PASS


def test_an_answer_with_a_summary_in_a_second_script_passes():
    assert finding_of("Zakaj je nebo modro? Prosim, dodaj 日本語 povzetek.", f"Nebo je modro. {SAYINGS['ja']}") is None


def test_an_opening_that_tells_nothing_leaves_it_to_what_follows():
    opening = "Lorem ipsum dolor sitting amet. " * 12
    assert finding_of(SAYINGS["de"], opening + 5 * SAYINGS["en"]).label is Label.FAIL
    assert finding_of(opening + 5 * SAYINGS["en"], 5 * SAYINGS["en"]).label is Label.PASS
    assert finding_of(opening + 5 * SAYINGS["de"], SAYINGS["en"]).label is Label.FAIL


def test_openings_that_agree_settle_the_matter():
    assert finding_of(5 * SAYINGS["de"], 5 * SAYINGS["de"] + 10 * SAYINGS["en"]).label is Label.PASS
