from __future__ import annotations

from pathlib import Path

import pytest

from demur.engines.base import Chat
from demur.errors import TemplateFault
from demur.records import Seed
from demur.stages.render import PromptTemplate, ProposeValues, RespondValues, load_template
from tests.samples import make_risk

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ risk.__class__.__init__.__globals__ }}",
    "{{ risk.__init__.__globals__['os'].system('id') }}",
    "{{ risk['__class__'] }}",
    "{{ risk|attr('__class__') }}",
    "{{ (risk|attr('__cl' ~ 'ass__'))|attr('__mro__') }}",
    "{{ ''['__cla' 'ss__'] }}",
    "{{ '{0.__class__.__mro__}'.format(risk) }}",
    "{{ '{x.__class__}'.format_map({'x': risk}) }}",
    "{{ ('%s' % risk.__class__) }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ range.__self__ }}",
    "{{ risk.model_construct.__func__.__globals__ }}",
    "{{ examples.__class__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends '/etc/passwd' %}",
    "{{ [risk]|map(attribute='__class__')|join }}",
    "{{ [risk]|sum(attribute='__class__', start=0) }}",
]
BOMBS = [
    "{{ 'a' * 10**10 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [1] * 10**9 }}",
    "{{ 9**(9**9) }}",
    "{{ 2**(10**9) }}",
    "{% set ns = namespace(x=10**300) %}{% for _ in range(100000) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000d}'.format(1) }}",
    "{{ 'a'.ljust(10**9) }}",
    "{{ 'a'.zfill(10**9) }}",
    "{{ '\t'.expandtabs(10**9) }}",
    "{{ 'a'|center(10**9) }}",
    "{{ 'a\nb'|indent(10**9) ~ ('b'|wordwrap(1)) }}",
    "{{ [1]|batch(10**9, 'x')|list }}",
    "{{ [1]|slice(10**9)|list }}",
    "{{ range(10**9)|list }}",
    "{{ lipsum(10**6) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}",
    "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{% set ns = namespace(x='a') %}{% for _ in range(50) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x|length }}",
    "{% set ns = namespace(x='a') %}{% for _ in range(50) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x|length }}",
    "{% set ns = namespace(x='aa') %}{% for _ in range(50) %}{% set ns.x = ns.x|replace('a', ns.x) %}{% endfor %}{{ ns.x|length }}",
    "{% set ns = namespace(x='aa') %}{% for _ in range(50) %}{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}{{ ns.x|length }}",
    "{% set ns = namespace(x='aa') %}{% for _ in range(50) %}{% set ns.x = ns.x|join(ns.x) %}{% endfor %}{{ ns.x|length }}",
    "{% set ns = namespace(x=[1]) %}{% for _ in range(50) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x|length }}",
]


def render(template: str) -> str:
    own = PromptTemplate(f"{{% block user %}}{template}{{% endblock %}}", "own.jinja", ProposeValues)
    chat = own.render(
        ProposeValues(make_risk(), "group", (Seed("seed:1", "one", "no"), Seed("seed:2", "two", "no")), 5, "")
    )
    assert isinstance(chat, Chat)
    return "".join(message.content for message in chat.messages)


@pytest.mark.parametrize("template", ESCAPES)
def test_no_template_reaches_python(template: str) -> None:
    """The known ways out of a sandbox end in an error, and show nothing."""
    with pytest.raises(TemplateFault):
        render(template)


@pytest.mark.parametrize("template", BOMBS)
def test_no_template_runs_away(template: str) -> None:
    """What would take hours or gigabytes is refused."""
    with pytest.raises(TemplateFault):
        render(template)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% for e in examples %}{{ loop.index }}. {{ e.instruction }} {% endfor %}", "1. one 2. two"),
        ("{{ examples|map(attribute='instruction')|join(', ') }}", "one, two"),
        ("{{ examples|join(' / ', 'response') }}", "no / no"),
        ("{{ 'a b'|replace(' ', '_')|upper }}", "A_B"),
        ("{{ 'a\nb'|indent(2) }}", "a\n  b"),
        ("{{ count * 2 + 1 }} {{ 7 % 4 }} {{ 2 ** 3 }} {{ 'a' ~ 'b' }} {{ 'a' + 'b' }}", "11 3 8 ab ab"),
        ("{% if count > 3 %}{{ 'Many'.lower() }}{% endif %}", "many"),
        ("{% macro say(x) %}<{{ x }}>{% endmacro %}{{ say(1) }}{{ say(2) }}", "<1><2>"),
        ("{% for n in range(3) %}{{ n }}{% endfor %}", "012"),
    ],
)
def test_what_prompts_need_works(template: str, text: str) -> None:
    """Loops, filters, macros and sums of ordinary size are rendered as Jinja does."""
    assert render(template) == text


def test_each_rendering_counts_anew() -> None:
    """A template may be rendered a million times: its steps are those of one rendering."""
    own = PromptTemplate(
        "{% block user %}{% for n in range(90000) %}{% endfor %}x{% endblock %}", "own.jinja", ProposeValues
    )
    for _ in range(5):
        own.render(ProposeValues(make_risk(), "group", (), 5, ""))


@pytest.mark.parametrize(
    "payload", ["{{ 7*7 }}", "{% for x in range(9) %}x{% endfor %}", "{# gone #}", "{{ risk.__class__ }}"]
)
def test_text_from_outside_is_no_template(payload: str, tmp_path: Path) -> None:
    """What a policy, a seed, a task or a model says stands in the prompts as it was said."""
    risk = make_risk(risk=payload, description=payload)
    risk = risk.model_copy(update={"policy": risk.policy.model_copy(update={"reply_cannot_contain": (payload,)})})
    seeds = (Seed("seed:1", payload, payload),)
    propose = load_template("propose", ProposeValues).render(ProposeValues(risk, payload, seeds, 5, payload))
    respond = load_template("respond", RespondValues).render(RespondValues(risk, payload, payload, payload))
    for chat in (propose, respond):
        assert isinstance(chat, Chat)
        text = "".join(message.content for message in chat.messages)
        assert payload in text
        assert "49" not in text
        assert "xxxxxxxxx" not in text
