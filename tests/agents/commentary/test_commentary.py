"""What may be said of a move, and the network that says it."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from zerodojo.agents import player
from zerodojo.agents.commentary.commentator import Commentator, fact_ids, fresh, spoken, word_ids, words
from zerodojo.agents.commentary.facts import LARGEST, OPEN, Facts, facts_of
from zerodojo.agents.commentary.grammar import QUIET as QUIET_PHRASES
from zerodojo.agents.commentary.grammar import REMARKS, is_eventful, remarks, sentences
from zerodojo.agents.commentary.remarker import SIZES, STRETCH, Remarker, dialogue
from zerodojo.agents.players.base import Decision
from zerodojo.envs import make
from zerodojo.models.sequence.tokens import END

QUIET = Facts(chances=5, given=0, likely=4, ahead=0, choices=3, proven=OPEN, ended=0)
NAMES = {"MOVE": "d", "BEST": "c", "PLAYER": "red", "OTHER": "yellow"}


def decision(q, *, action=0, prior=(0.6, 0.4, 0.0), visits=(5, 5, 0)):
    return Decision(
        action=action,
        policy=np.array([0.5, 0.5, 0.0], np.float32),
        value=float(np.nanmax(q)),
        visits=np.array(visits, np.int32),
        prior=np.array(prior, np.float32),
        q=np.array(q, np.float32),
        principal_variation=(action,),
    )


def test_facts_are_tenths_of_chances():
    before = decision([0.6, 0.0, np.nan])
    assert facts_of(before, 0, choices=2, after=0.6, ended=False) == Facts(8, 0, 6, 3, 2, OPEN, 0)
    assert facts_of(before, 1, choices=9, after=-0.2, ended=False) == Facts(4, 4, 4, 3, 3, OPEN, 0)  # .8 of a value is four tenths
    assert facts_of(before, 1, choices=9, after=-1.0, ended=True)[5:] == (0, 1)
    assert facts_of(before, 1, choices=9, after=0.0, ended=True)[5:] == (1, 1)
    assert facts_of(before, 1, choices=9, after=0.0, ended=False)[5:] == (OPEN, 0)


def test_a_move_that_turns_out_better_gives_nothing_away():
    assert facts_of(decision([0.6, 0.0, np.nan]), 1, choices=2, after=0.9, ended=False).given == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, {"MOVE is a sound move . the game is open .", "MOVE is as good as any . both have their chances ."}),
        ({"given": 3, "chances": 2}, {"MOVE is a mistake ; BEST was better . OTHER is winning ."}),
        ({"given": 5, "chances": 3}, {"MOVE gives 50 percent away , and BEST nothing . PLAYER is down to 30 percent ."}),
        ({"choices": 1, "proven": 0, "chances": 0}, {"MOVE is forced . OTHER wins by force ."}),
        ({"ended": 1, "proven": 2, "chances": 10}, {"MOVE ends the game : PLAYER has won ."}),
        ({"ended": 1, "proven": 1}, {"MOVE , and nobody has won ."}),
        ({"ended": 1, "proven": 0, "chances": 0}, {"MOVE , and OTHER has won ."}),
        ({"likely": 0}, {"who would expect MOVE ? it is good . the game is open ."}),
        ({"ahead": 3}, {"everything but MOVE loses ground . the game is open ."}),
    ],
)
def test_what_may_be_said_follows_from_the_facts(changed, said):
    assert said <= {" ".join(sentence) for sentence in sentences(QUIET._replace(**changed))}


def test_the_course_of_the_game_is_told_where_it_is_known():
    def told(facts, earlier, word):
        return any(word in sentence for sentence in remarks(facts, earlier))

    error, ahead = QUIET._replace(given=2), QUIET._replace(chances=7)
    assert told(error, [error, QUIET], "errs") and is_eventful(error, [error, QUIET])
    assert not told(error, [QUIET, error], "errs")  # that was the other one
    assert remarks(error, []) == remarks(QUIET, [QUIET]) and not is_eventful(error, [])
    assert told(ahead, [QUIET, ahead], "turned")
    assert not told(ahead, [ahead, QUIET], "turned")
    assert told(QUIET._replace(chances=3), [ahead, QUIET], "turned")
    assert not told(ahead._replace(ended=1), [QUIET, ahead], "turned")


def test_every_fact_and_every_sentence_has_its_ids():
    generator = np.random.default_rng(0)
    for _ in range(300):
        facts = Facts(*(int(generator.integers(largest + 1)) for largest in LARGEST))
        if facts.ended and facts.proven == OPEN:
            continue
        assert len(set(fact_ids(facts))) == len(facts)
        for sentence in sentences(facts):
            ids = word_ids(sentence)
            assert ids[-1] == END and words(ids) == sentence


def test_sentences_are_written_as_people_do():
    said = {
        "MOVE is a mistake ; OTHER stands better , 30 percent are left .": "d is a mistake; yellow stands better, 30% are left.",
        "who would expect MOVE ? it is good . PLAYER errs .": "Who would expect d? It is good. Red errs.",
    }
    for sentence, written in said.items():
        assert spoken(tuple(sentence.split()), NAMES) == written


def test_the_network_that_ships_says_what_may_be_said():
    """On the facts of a game it has not seen: every sentence but a few is the grammar's."""
    game, generator = make("connect_four"), np.random.default_rng(99)
    judge = player("mcts:100", game, seed=99)
    position, facts, before = game.start(), [], None
    while not position.terminal:
        now = judge.decide(position)
        if before is not None:
            facts.append(
                facts_of(
                    before, position.history[-1], choices=len(position.previous.legal_actions()), after=-now.value, ended=False
                )
            )
        position, before = position.after(int(generator.choice(position.legal_actions()))), now
    told = Commentator.shipped().sentences(facts)
    assert sum(sentence in sentences(one) for sentence, one in zip(told, facts, strict=True)) >= 0.8 * len(facts) > 4


def test_what_is_said_hangs_on_the_facts_alone():
    torch.manual_seed(0)
    commentator = Commentator(fresh())
    together = commentator.sentences([QUIET, QUIET._replace(given=4), QUIET])
    assert together[0] == together[2] == commentator.sentences([QUIET])[0]


def test_a_stretch_is_a_dialogue_of_what_is_told_and_what_is_remarked():
    error, goes_on = QUIET._replace(given=2), tuple(QUIET_PHRASES[0].split())
    ids, speech = dialogue([error, QUIET], [goes_on])
    assert len(ids) == len(speech) == 5 + len(goes_on) + 1 + 5
    assert [i for i, spoken_one in zip(ids, speech, strict=True) if spoken_one][-1] == END
    assert ids[0] != ids[5 + len(goes_on) + 1]  # another one moved
    assert dialogue([error, QUIET], [goes_on, goes_on])[0][: len(ids)] == ids
    largest = max(dialogue([LARGEST, LARGEST], [tuple(REMARKS)] * 2)[0])
    assert largest == SIZES["vocabulary"] - 1


def test_the_network_that_ships_remarks_on_what_is_new_in_a_course():
    remarker = Remarker.shipped()
    error, better = QUIET._replace(given=3, chances=4), QUIET._replace(chances=7)
    courses = {
        "errs|first mistake": [QUIET, QUIET, error, QUIET, error],
        "turned|lead": [better, QUIET._replace(chances=3), better, better],
        "": [QUIET, error, QUIET],
    }
    for words_of_it, course in courses.items():
        said = remarker.remark(course)
        if not words_of_it:
            assert said is None
        else:
            assert said in remarks(course[-1], course[:-1]) and re.search(words_of_it, " ".join(said))


def test_remarks_look_at_the_last_moves_of_a_game_only():
    remarker = Remarker.shipped()
    game = [QUIET._replace(given=5)] * 3 + [QUIET] * (STRETCH - 1) + [QUIET._replace(given=5)]
    assert remarker.remark(game) == remarker.remark(game[-STRETCH:])
