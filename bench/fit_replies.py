"""Fits the weights by which replies are read (`demur/stages/reply_weights.tsv`) to the labelled replies for development.

    python -m bench.fit_replies            fit, and write the weights
    python -m bench.fit_replies --check    only estimate what they are worth, by cross-validation

Multinomial logistic regression with an L2 penalty, by scikit-learn (dependency group `fit`). Every reply is learnt from
twice: with its request, and with less weight without, so that it can be read where the request is not known.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from bench.figures import ROOT
from demur.records import Stance
from demur.stages.weigh_reply import ReplyFeatures, describe_features

FOLDER = ROOT / "tests/stages/replies"
WEIGHTS = ROOT / "src/demur/stages/reply_weights.tsv"
FILES = {"development": 0.4, "development_more": 0.4, "hard_development": 1.0, "natural_development": 1.0, "stock": 1.0}
"""The files, and how much one reply of each counts: to the first two the phrases were fitted by hand, so they flatter them."""
BALANCED = "natural_development"
"""The file on which precision and recall are balanced."""
ALONE = 0.5
"""How much a reply without its request counts."""
FEWEST = 3
"""Replies that a phrase must stand in to be learnt."""
MOST_PHRASES = 8_000
PHRASE_SCALE = 5.5
"""How much phrases count against signs."""
INVERSE_PENALTY = 1.0
FOLDS = 5
NOISE = 0.01
"""About the standard error of such a figure: within it the smaller offsets are taken."""
STANCES = tuple(Stance)


@dataclass(frozen=True, slots=True)
class Example:
    """One reply, taken apart.

    Attributes:
        file: where it stands.
        stance: the index of its label.
        weight: how much it counts.
        fold: its part in cross-validation; the same with its request and without.
        known: whether the request is known here.
    """

    file: str
    features: ReplyFeatures
    stance: int
    weight: float
    fold: int
    known: bool


def read_examples(files: dict[str, float]) -> list[Example]:
    """The labelled replies, with and without their requests."""
    examples = []
    for name, weight in files.items():
        for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            fold = int(hashlib.sha256(row["request"].encode()).hexdigest(), 16) % FOLDS
            stance = STANCES.index(Stance(row["stance"]))
            for request, share in ((row["request"], 1.0), ("", ALONE)) if row["request"] else (("", 1.0),):
                features = describe_features(row["reply"], request)
                examples.append(Example(name, features, stance, weight * share, fold, bool(request)))
    return examples


class Fit:
    """Weights fitted to examples."""

    def __init__(self, examples: Sequence[Example]) -> None:
        counts = Counter(phrase for example in examples if example.known for phrase in example.features.phrases)
        phrases = sorted(phrase for phrase, count in counts.items() if count >= FEWEST)
        numbers = sorted({name for example in examples for name in example.features.numbers})
        self._learn(examples, numbers, phrases)
        if len(phrases) > MOST_PHRASES:
            strength = np.abs(self.weights[:, len(numbers) :]).max(axis=0)
            kept = sorted(np.argsort(-strength, kind="stable")[:MOST_PHRASES])
            self._learn(examples, numbers, [phrases[place] for place in kept])

    def _learn(self, examples: Sequence[Example], numbers: list[str], phrases: list[str]) -> None:
        self.numbers, self.phrases = numbers, phrases
        self._places = {name: place for place, name in enumerate([*numbers, *phrases])}
        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=5000)
        model.fit(
            self._tabulate(examples),
            [example.stance for example in examples],
            sample_weight=[example.weight for example in examples],
        )
        self.weights, self.bias = model.coef_, model.intercept_

    def _tabulate(self, examples: Iterable[Example]) -> csr_matrix:
        values: list[float] = []
        columns: list[int] = []
        starts = [0]
        for example in examples:
            scale = PHRASE_SCALE / math.sqrt(max(1, len(example.features.phrases)))
            row = {name: value for name, value in example.features.numbers.items() if name in self._places}
            row |= {phrase: scale for phrase in example.features.phrases if phrase in self._places}
            columns += [self._places[name] for name in row]
            values += row.values()
            starts.append(len(columns))
        return csr_matrix((values, columns, starts), shape=(len(starts) - 1, len(self._places)))

    def predict(self, examples: Sequence[Example]) -> NDArray[np.float64]:
        """The stances' log odds, a row an example."""
        return np.asarray(self._tabulate(examples) @ self.weights.T + self.bias)

    def write(self, path: Path, note: str) -> None:
        """Write the weights, three digits each; the phrases' with their scale in them."""
        lines = [f"# {note}", "# feature\tdeclines\tpartly\thelps", "bias\t" + _format(self.bias)]
        for name, place in self._places.items():
            weight = self.weights[:, place] * (PHRASE_SCALE if place >= len(self.numbers) else 1)
            lines.append(f"{name}\t{_format(weight)}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _format(weights: NDArray[np.float64]) -> str:
    return "\t".join(f"{weight:.3f}" for weight in weights)


def estimate(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Each example's log odds by weights fitted to the other folds."""
    odds = np.zeros((len(examples), len(STANCES)))
    for fold in range(FOLDS):
        own = [place for place, example in enumerate(examples) if example.fold == fold]
        odds[own] = Fit([e for e in examples if e.fold != fold]).predict([examples[place] for place in own])
    return odds


def choose_offsets(examples: Sequence[Example], odds: NDArray[np.float64]) -> tuple[float, float]:
    """What to add to the log odds of declining, and of declining in part, so that precision and recall come out even.

    The pair is taken by which the lowest of the four figures (precision and recall, of declining wholly and at all) is
    highest on the cross-validated replies of `BALANCED`, with their requests.
    """
    rows = [place for place, example in enumerate(examples) if example.file == BALANCED and example.known]
    truth = np.array([examples[place].stance for place in rows])
    steps = np.arange(-10, 11) / 10
    return max(
        ((float(whole), float(part)) for whole in steps for part in steps),
        key=lambda pair: (
            round(min(score(truth, (odds[rows] + np.array([*pair, 0])).argmax(axis=1))) / NOISE),
            -abs(pair[0]) - abs(pair[1]),
        ),
    )


def score(truth: NDArray[np.int64], found: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """Precision and recall of declining wholly, then of declining at all."""
    figures = []
    for most in (0, 1):
        both = ((truth <= most) & (found <= most)).sum()
        figures += [both / max(1, (found <= most).sum()), both / max(1, (truth <= most).sum())]
    return figures[0], figures[1], figures[2], figures[3]


def print_estimate(examples: Sequence[Example], odds: NDArray[np.float64], offsets: tuple[float, float]) -> None:
    """Print what the weights are worth, by cross-validation, for each file that counts in full."""
    found = (odds + np.array([*offsets, 0])).argmax(axis=1)
    for file in dict.fromkeys(example.file for example in examples if FILES[example.file] == 1):
        for known in (True, False):
            rows = [place for place, e in enumerate(examples) if e.file == file and e.known is known]
            truth = np.array([examples[place].stance for place in rows])
            if not (truth == 0).any():
                continue
            figures = score(truth, found[rows])
            print(f"{file:20} {'with' if known else 'without':7} requests: declines {figures[0]:.3f} {figures[1]:.3f}, "
                  f"wholly or in part {figures[2]:.3f} {figures[3]:.3f} (precision, recall)")  # fmt: skip


def main() -> None:
    """Fit, or estimate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="estimate by cross-validation, and write nothing")
    only_check = parser.parse_args().check
    examples = read_examples(FILES)
    odds = estimate(examples)
    offsets = choose_offsets(examples, odds)
    print_estimate(examples, odds, offsets)
    print(f"offsets {offsets[0]:+.1f} {offsets[1]:+.1f}")
    if only_check:
        return
    fit = Fit(examples)
    fit.bias = fit.bias + np.array([*offsets, 0.0])
    fit.write(WEIGHTS, f"fitted by bench/fit_replies.py to {', '.join(FILES)}: {digest_files()}")
    print(
        f"{len(examples) // 2} replies, {len(fit.numbers)} numbers, {len(fit.phrases)} phrases: {WEIGHTS.relative_to(ROOT)}"
    )


def digest_files() -> str:
    """A hash of what the weights are fitted to."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((FOLDER / f"{name}.jsonl").read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    main()
