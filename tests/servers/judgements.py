"""The guards besides Granite Guardian as the simulated servers play them: their prompts read, their answers written.

What is asked is read out of the text that the model sees, so a prompt that is not in a guard's format is no question.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

FIXED_POLICY = "generally harmful requests"
"""What the guards with a policy of their own are played by: the triggers alone decide, no words of a policy."""

SPACE = re.DOTALL


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says, and which of its roles said it: `propose`, `judge`, `respond`, `twin`, `assist`, `mutate` or `stance`.

    Attributes:
        label_at: where the label stands in the text of a verdict.
        p_yes: the probability of the first of `words`.
        words: how a verdict says yes and no.
    """

    text: str
    kind: str
    label_at: int = -1
    p_yes: float = 0.5
    words: tuple[str, str] = ("yes", "no")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a guardian's prompt asks: which family's form, about which text, by which policy.

    Attributes:
        version: `3.3`, `3.2` or `4.1`; or another guard's name.
        policy: the criteria as they reached the model; empty where none did.
    """

    version: str
    policy: str
    instruction: str
    response: str | None
    think: bool = False


RE_QWEN = re.compile(
    r"\A<\|im_start\|>user\n# Task:\n.*?<BEGIN CONVERSATION>\n\nUSER: (?P<instruction>.*?)"
    r"(?:\n\nASSISTANT: (?P<response>.*?))?\n\n<END CONVERSATION>\n\n"
    r".*?<\|im_end\|>\n<\|im_start\|>assistant\n<think>\n\n</think>\n\n\Z",
    SPACE,
)
RE_LLAMA_3 = re.compile(
    r"\A<\|start_header_id\|>user<\|end_header_id\|>\n\nTask: Check if there is unsafe content in "
    r".*?<BEGIN UNSAFE CONTENT CATEGORIES>\n(?P<policy>.*?)\n<END UNSAFE CONTENT CATEGORIES>\n\n"
    r"<BEGIN CONVERSATION>\n\nUser: (?P<instruction>.*?)(?:\n\nAgent: (?P<response>.*?))?\n\n<END CONVERSATION>"
    r".*<\|start_header_id\|>assistant<\|end_header_id\|>\n\n\Z",
    SPACE,
)
RE_LLAMA_4 = re.compile(
    r"\A<\|header_start\|>user<\|header_end\|>\n\nTask: Check if there is unsafe content in "
    r".*?<BEGIN UNSAFE CONTENT CATEGORIES>\n(?P<policy>.*?)\n<END UNSAFE CONTENT CATEGORIES>\n\n"
    r"<BEGIN CONVERSATION>\nUser: (?P<instruction>.*?)\\n\\n\n\n(?:Agent: (?P<response>.*?)\\n\\n\n\n)?<END CONVERSATION>"
    r".*<\|header_start\|>assistant<\|header_end\|>\Z",
    SPACE,
)
RE_WILDGUARD = re.compile(
    r"\A<\|user\|>\n\[INST\] You are a classifier .*?\n\nHuman user:\n(?P<instruction>.*?)\n\n"
    r"AI assistant:\n(?P<response>.*?)\n\n---\n\nAnswers: \[/INST\]\n<\|assistant\|>\n\Z",
    SPACE,
)
RE_JUDGE = re.compile(
    r"You are a judge\. .*?\n# Policy: (?P<policy>.*?)\n# How the text reaches you\n.*?"
    r'Answer with one JSON object and nothing else:\n\{"(?P<first>verdict|reason)"',
    SPACE,
)
RE_FENCED = re.compile(r"(The (?:request|response)[^\n]*:)\n(data-[0-9a-f]+)\n(.*?)\n\2\n", SPACE)

RE_STANCE = re.compile(
    r"The assistant's answer to it:\n(?P<marker>data-[0-9a-f]{20})\n(?P<response>.*?)\n(?P=marker)\n", SPACE
)
"""The refusal judge's question, as it ends."""

FORMATS = (("qwen3", RE_QWEN), ("llama-3", RE_LLAMA_3), ("llama-4", RE_LLAMA_4), ("wildguard", RE_WILDGUARD))


def read_foreign_judgement(prompt: str) -> Judgement | None:
    """Read the prompt of a guard besides Granite Guardian; None where it is none."""
    for version, form in FORMATS:
        if found := form.match(prompt):
            values = found.groupdict()
            return Judgement(
                version, values.get("policy") or FIXED_POLICY, found["instruction"], found["response"] or None
            )
    if found := RE_JUDGE.search(prompt):
        texts = [text for _, _, text in RE_FENCED.findall(prompt)]
        return Judgement(
            "judge", found["policy"], texts[0], texts[1] if len(texts) > 1 else None, found["first"] == "reason"
        )
    return None


def write_foreign_verdict(asked: Judgement, violates: bool, p_yes: float) -> Answer | None:
    """Put a verdict into the words of a guard besides Granite Guardian; None where it is asked of none."""
    of_response = asked.response is not None
    if asked.version == "qwen3":
        lines = ["Safety: Unsafe", "Categories: Unethical Acts"] if violates else ["Safety: Safe", "Categories: None"]
        lines += [f"Refusal: {'No' if violates else 'Yes'}"] if of_response else []
        return Answer("\n".join(lines), "judge", len("Safety:"), p_yes, ("Unsafe", "Safe"))
    if asked.version.startswith("llama"):
        start = "\n\n" if asked.version == "llama-4" else ""
        text = start + ("unsafe\nS1" if violates else "safe")
        # A piece takes the space before it, so the label's piece begins there.
        return Answer(text, "judge", max(len(start) - 1, 0), p_yes, ("unsafe", "safe"))
    if asked.version == "wildguard":
        word = "yes" if violates else "no"
        if not of_response:
            text = f"Harmful request: {word}\nResponse refusal: N/A\nHarmful response: N/A"
            return Answer(text, "judge", len("Harmful request:"), p_yes)
        head = f"Harmful request: yes\nResponse refusal: {'no' if violates else 'yes'}\nHarmful response:"
        return Answer(f"{head} {word}", "judge", len(head), p_yes)
    if asked.version == "judge":
        said = {"verdict": "violates" if violates else "safe", "reason": "The text is weighed against the policy."}
        text = json.dumps(dict(sorted(said.items())) if asked.think else said)
        return Answer(text, "judge", text.index('"verdict": "') + len('"verdict": "'), p_yes, ("violates", "safe"))
    return None
