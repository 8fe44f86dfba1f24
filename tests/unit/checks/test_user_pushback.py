# ruff: noqa: RUF001 - sentences of many languages
import pytest

from otel_evals.checks.user_pushback import UserPushback
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Exchange, Message
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

DISPUTES = [
    "No, that's wrong. Sydney is not the capital. Check again.",
    "Eso no es correcto, vuelve a comprobarlo.",
    "¿Estás seguro? Creo que es Madrid.",
    "Te equivocas.",
    "Das stimmt nicht.",
    "Bist du sicher? Ich dachte, es sei Madrid.",
    "Nein, das ist falsch.",
    "Tu es sûr ? Je pensais que c'était Madrid.",
    "C'est faux, vérifie encore.",
    "Non, ce n'est pas ça.",
    "Você tem certeza?",
    "Isso está errado.",
    "Sei sicuro? Non è corretto.",
    "No, hai sbagliato.",
    "Weet je het zeker?",
    "Dat klopt niet.",
    "Na pewno? Myślę, że to Madryt.",
    "To nieprawda.",
    "Emin misin?",
    "Bu yanlış, tekrar kontrol et.",
    "Вы уверены?",
    "Нет, это неверно.",
    "Ты ошибаешься.",
    "你确定吗？",
    "不对，应该是马德里。",
    "你说错了",
    "本当ですか？マドリードだと思います。",
    "それは間違っています。",
    "確かですか？",
    "확실해요?",
    "틀렸어요. 마드리드입니다.",
    "هل أنت متأكد؟",
    "هذا غير صحيح.",
    "क्या आप निश्चित हैं?",
    "यह गलत है।",
    "Bạn có chắc không?",
    "Itu salah.",
    "You didn't answer my question.",
    "I asked for Python, not Java.",
    "It still doesn't work, same error.",
    "You misunderstood me.",
    "That is not what I meant.",
]

ORDINARY = [
    "Thanks, that's right!",
    "What about Portugal?",
    "Is it wrong to cook rice this way?",
    "Can you check the weather again tomorrow?",
    "Great. Now translate it to French.",
    "Gracias. ¿Y en Portugal?",
    "Danke, das ist richtig. Und in Italien?",
    "Merci ! Peux-tu traduire ?",
    "Спасибо, а что насчет Португалии?",
    "谢谢，那葡萄牙呢？",
    "ありがとう。ポルトガルは？",
    "Why is the sky blue?",
    "No problem, thanks.",
    "Explain why my code is wrong: def f(): pass",
    "Not sure which one to choose. Any advice?",
    "Actually, can you also add a table?",
    "But how do I install it?",
    "Really cool, thank you!",
    "I heard it rains a lot there. What should I pack?",
    "No need to change anything else. Now write the tests.",
    "And isn't included in the price, right?",
    "Wait, before you continue, add a title.",
    "But the first option, how much is it?",
    "sehr gut, aber ist das auch auf Deutsch verfügbar?",
    "Nein danke, das reicht.",
    "so what is the right answer for question 2?",
]

CHECK = UserPushback()
PATTERNS = PatternPass(CHECK.patterns())


def finding_of(said: str, *, answer: str = "Paris is the capital of Spain."):
    turns = (Message(role="user", text="?"), Message(role="assistant", text=answer), Message(role="user", text=said))
    return CHECK.evaluate(Scan(Exchange(messages=turns), PATTERNS))


@pytest.mark.parametrize("said", DISPUTES)
def test_a_dispute_fails_in_any_of_the_languages(said):
    assert finding_of(said).label is Label.FAIL


@pytest.mark.parametrize("said", ORDINARY)
def test_an_ordinary_follow_up_passes(said):
    assert finding_of(said).label is Label.PASS


def test_no_to_a_question_of_the_assistant_disputes_nothing():
    assert finding_of("No, I don't think so.", answer="Is there anything else?").label is Label.PASS


def test_a_plain_error_report_counts_even_after_a_question():
    assert finding_of("No, that's wrong.", answer="It is Sydney. Anything else?").label is Label.FAIL


def test_without_an_answer_before_there_is_nothing_to_dispute():
    exchange = Exchange(messages=(Message(role="user", text="Are you sure? That's wrong."),))
    assert CHECK.evaluate(Scan(exchange, PATTERNS)) is None


def test_a_longer_reach_reads_the_whole_turn():
    check = UserPushback(reach=2000)
    exchange = Exchange(
        messages=(
            Message(role="assistant", text="It lasts two years."),
            Message(role="user", text=f"{'The lamp stands on the table. ' * 40}But that is wrong."),
        )
    )
    assert check.evaluate(Scan(exchange, PatternPass(check.patterns()))).label is Label.FAIL
    assert CHECK.evaluate(Scan(exchange, PATTERNS)).label is Label.PASS


def test_a_phrase_deep_in_pasted_text_disputes_nothing():
    pasted = "Summarise this: " + "we met at noon and talked about the plan. " * 20
    assert finding_of(f"{pasted} No, that's wrong, she said.").label is Label.PASS
