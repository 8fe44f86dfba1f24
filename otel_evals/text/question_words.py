# ruff: noqa: E501, RUF001, SIM905 - long lists of words in many languages, readable only without quotes
"""Little words that say nothing about a subject: data of `text.evidence`."""

from typing import Final

STOP: Final = frozenset(
    (
        "a an the of and or to in on at for from by with as is are was were be been being am do does did done has have "
        "had having it its this that these those there here he she they them his her their we our you your i me my who "
        "whom whose which what when where why how many much long old often far can could will would shall should may "
        "might must not no if then than so such into about over under between during after before also any some all "
        "both each other another one ones same own only just very more most please tell give say name find list explain "
        "describe el la los las un una unos de del y o en que es son fue por para con su sus se como cual quien donde "
        "cuando cuanto der die das ein eine und oder ist sind war von zu mit auf für im den dem wer wann wo wie viele "
        "welche welcher le les des du et ou est sont pour dans qui quand où combien quel quelle il lo gli e di da per "
        "chi cosa dove quale quanto os um uma dos em na qual quem onde quando het een van dat wat waar wanneer hoe в на "
        "и с по что как где кто когда сколько какой какая это "
    ).split()
)
"""Stop words of the languages that evidence is weighed in."""
