"""The models that engines load into this process, and which of them are still to be fetched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demur.engines.extras import require_extra
from demur.engines.model_files import HubModel, find_model, parse_reference, write_command
from demur.engines.model_hub import Needed, require_space, survey
from demur.errors import EngineUnavailable, ModelNotFound
from demur.inputs.engine_settings import AnyEngine, LlamaCppSettings


@dataclass(frozen=True, slots=True)
class Shopping:
    """What is to be downloaded before a run.

    Attributes:
        needed: the models, in the order in which the builder names them.
        free_bytes: what the disk has free before it.
    """

    needed: tuple[Needed, ...]
    free_bytes: int


def list_missing_models(engines: Iterable[AnyEngine]) -> tuple[HubModel, ...]:
    """The models on the Hub that these engines load, and that are not on this machine. Nothing is asked.

    Raises:
        InputError: a reference is none.
        ModelNotFound: a file is named by its path, and is not there.
        ExtraMissing: an engine's package is not installed: better told before a download than after it.
    """
    references = dict.fromkeys(engine.model_id_or_path for engine in engines if isinstance(engine, LlamaCppSettings))
    if references:
        require_extra("llama-cpp")
    missing: dict[HubModel, None] = {}
    for reference in references:
        try:
            find_model(reference)
        except ModelNotFound:
            model = parse_reference(reference)
            if not isinstance(model, HubModel):
                raise
            missing[model] = None
    return tuple(missing)


def survey_models(models: Sequence[HubModel], token: str | None = None) -> Shopping:
    """Ask the Hub what downloading these models takes, and see that the disk holds it.

    Raises:
        EngineUnavailable: the Hub cannot be reached; the hint says how to get each of them by hand.
        EngineError: it does not give them.
        OutputFault: the disk does not hold them.
    """
    needed: list[Needed] = []
    for model in models:
        try:
            needed.append(survey(model, token=token))
        except EngineUnavailable as error:
            # Whoever fetches by hand should not learn of the next model from the next attempt.
            others = [f"{other}: `{write_command(other)}`" for other in models if other != model]
            error.hint = " ".join((error.hint, *(f"Likewise {other}." for other in others)))
            raise
    return Shopping(tuple(needed), require_space(needed))
