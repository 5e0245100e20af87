"""The errors of demur, one tree.

::

    DemurError                      exit code, hint, whether trying again can help
    ├── InputError             (2)  what a person wrote is wrong: names file and line
    │   └── TemplateFault           a prompt template cannot be read or rendered
    ├── EngineError            (4)  a model did not answer
    │   ├── EngineUnavailable       nothing listens there, or the name does not resolve      (retry)
    │   │   ├── EngineNotRunning    one that demur runs itself did not come up, or died
    │   │   └── EndpointDown        it has answered nothing but failures for too long
    │   ├── CredentialsRejected     401, 403
    │   ├── ModelNotFound           the server does not have the model
    │   ├── RateLimited             429, 503: honours Retry-After                            (retry)
    │   ├── ServerFault             other 5xx, a broken connection                           (retry)
    │   ├── RequestTimedOut         no answer within the time allowed                        (retry)
    │   ├── ReplyUnreadable         the body is not what the protocol promises               (retry)
    │   └── RequestRejected         400, 422, context overflow, content filter
    │       └── RawUnsupported      the server offers no route for a raw prompt
    ├── BudgetSpent            (3)  the run may use no more tokens or money: nothing further is asked
    ├── GuardBlind             (4)  the guard cannot tell the canaries apart, or cannot get the policy
    ├── JournalFault           (4)  the journal cannot be opened, read or written
    ├── OutputFault            (4)  an output file cannot be written
    └── ExtraMissing           (4)  an optional package is not installed

A user's mistake is shown as one line and a hint, never as a traceback. Anything that is not a ``DemurError`` is a bug
of demur's and keeps its traceback.
"""

from __future__ import annotations

from pathlib import Path


class DemurError(Exception):
    """Any failure that demur foresees.

    Attributes:
        hint: what the reader can do about it, or the empty string.
        retryable: whether the same call may succeed if it is made again.
        exit_code: what the command line exits with when this error ends it.
    """

    retryable: bool = False
    exit_code: int = 4

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(DemurError):
    """Something that a person wrote cannot be used.

    Attributes:
        path: the file, where there is one.
        line: the line in it, counted from 1, where it is known.
        also: further errors of the same file, found in the same reading.
    """

    exit_code = 2

    def __init__(
        self, message: str, *, path: Path | str | None = None, line: int | None = None, hint: str = ""
    ) -> None:
        self.path = path
        self.line = line
        self.also: tuple[InputError, ...] = ()
        where = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(where + message, hint=hint)


class TemplateFault(InputError):
    """A prompt template cannot be parsed, or names a value that it is not given."""


class EngineError(DemurError):
    """A model did not answer a request."""


class EngineUnavailable(EngineError):
    """Nothing answers at the address: connection refused, unknown host, no route."""

    retryable = True


class EngineNotRunning(EngineUnavailable):
    """An engine that demur runs itself did not come up, or has died: asking again changes nothing."""

    retryable = False


class EndpointDown(EngineUnavailable):
    """Something listens, and for a long time every request to it has failed, whatever it asked for."""

    retryable = False


class CredentialsRejected(EngineError):
    """The server knows no such key, or the key may not use this model."""


class ModelNotFound(EngineError):
    """The server answers, and does not have the model."""


class RateLimited(EngineError):
    """The server asks for fewer requests (429) or is overloaded (503).

    Attributes:
        retry_after_s: the wait that the server asked for, in seconds, or None.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after_s: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class ServerFault(EngineError):
    """The server failed (5xx), or the connection broke half-way."""

    retryable = True


class RequestTimedOut(EngineError):
    """No whole answer came within the time allowed."""

    retryable = True


class ReplyUnreadable(EngineError):
    """An answer came, and it is not what the protocol promises (torn JSON, missing fields)."""

    retryable = True


class RequestRejected(EngineError):
    """The server refuses this very request (400, 422): asking again changes nothing."""


class RawUnsupported(RequestRejected):
    """A raw prompt was to be sent, and the server applies a chat template to everything."""


class BudgetSpent(DemurError):
    """The run's budget allows no further request. No engine failed: what was begun is finished and kept."""

    exit_code = 3


class GuardBlind(DemurError):
    """The guard cannot do its work: canaries not told apart, or no route that carries the policy to it; or the refusal judge."""


class JournalFault(DemurError):
    """The journal cannot be opened, read or written: it is in use, damaged, or the disk refuses."""


class OutputFault(DemurError):
    """An output file cannot be written; what was there before is untouched."""


class ExtraMissing(DemurError):
    """Packages that a setting needs are not installed, or cannot be imported."""

    @classmethod
    def tell(
        cls, what: str, *packages: str, extra: str, error: ImportError | None = None, advice: str = ""
    ) -> ExtraMissing:
        """The error in the one wording that it has.

        Args:
            what: what needs the packages, in words that begin a sentence.
            packages: their names.
            extra: demur's extra that brings them.
            error: what importing them failed by; None: they are not there.
            advice: what else the person could do, as the end of a sentence.
        """
        several = len(packages) > 1
        if error is None:
            why = f"which {'are' if several else 'is'} not installed"
        else:
            why = f"and {'they' if several else 'it'} cannot be imported ({error})"
        return cls(f"{what} needs {' and '.join(packages)}, {why}", hint=f"pip install 'demur[{extra}]'{advice}")
