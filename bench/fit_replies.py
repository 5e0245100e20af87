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
from demur.stages.classify_reply import Stance
from demur.stages.weigh_reply import ReplyFeatures, describe_features

FOLDER = ROOT / "tests/stages/replies"
WEIGHTS = ROOT / "src/demur/stages/reply_weights.tsv"
FILES = {"development": 0.2, "development_more": 0.2, "hard_development": 1.0, "natural_development": 1.0, "stock": 0.5}
"""The files, and how much one reply of each counts: to the first two the phrases were fitted by hand, so they flatter them."""
ALONE = 0.3
"""How much a reply without its request counts."""
FEWEST = 3
"""Replies that a phrase must stand in to be learnt."""
MOST_PHRASES = 12_000
PHRASE_SCALE = 5.5
"""How much phrases count against signs."""
INVERSE_PENALTY = 1.0
FOLDS = 5
STANCES = tuple(Stance)


@dataclass(frozen=True, slots=True)
class Example:
    """One reply, taken apart.

    Attributes:
        stance: the index of its label.
        weight: how much it counts.
        fold: its part in cross-validation; the same with its request and without.
        known: whether the request is known here.
    """

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
                examples.append(Example(features, stance, weight * share, fold, bool(request)))
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


def cross_validate(examples: Sequence[Example]) -> None:
    """Print what weights fitted to four fifths of the rows that count in full are worth on the last fifth."""
    full = max(example.weight for example in examples)
    for known in (True, False):
        truth, found = [], []
        for fold in range(FOLDS):
            rest = [
                e
                for e in examples
                if e.known is known and e.fold == fold and e.weight == full * (1 if known else ALONE)
            ]
            fit = Fit([e for e in examples if e.fold != fold])
            found += list(fit.predict(rest).argmax(axis=1))
            truth += [e.stance for e in rest]
        print("with requests" if known else "without requests", *describe(truth, found))


def describe(truth: Sequence[int], found: Sequence[int]) -> list[str]:
    """Precision and recall of declining wholly, and of declining at all."""
    lines = []
    for name, most in (("declines", 0), ("or in part", 1)):
        both = sum(a <= most and b <= most for a, b in zip(truth, found, strict=True))
        said, true = sum(b <= most for b in found), sum(a <= most for a in truth)
        lines.append(f"{name}: precision {both / max(1, said):.3f}, recall {both / max(1, true):.3f};")
    return lines


def main() -> None:
    """Fit, or estimate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="estimate by cross-validation, and write nothing")
    examples = read_examples(FILES)
    if parser.parse_args().check:
        cross_validate(examples)
        return
    fit = Fit(examples)
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
