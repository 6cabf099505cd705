"""The keyed limiter: a token bucket for each user, address or whatever else calls are told by."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, ParamSpec, TypeVar, cast

from . import _clock, _core
from ._callables import check_callable, is_async
from ._errors import RateLimited
from ._options import Options, settings_from
from ._policy import Policy, check_name
from ._schema.keyed_limiter import (
    OPTIONS,
    KeyedLimiterRejection,
    KeyedLimiterSnapshot,
    KeyedLimiterWhenFull,
)

P = ParamSpec("P")
R = TypeVar("R")

Key = str | bytes | bytearray | memoryview | int
"""What calls are told apart by. A str is its UTF-8 form, so "a" and b"a" are one key; an int, 0 to
2**64 - 1, is another key than any text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedLimiterOptions(Options):
    """The options of a keyed limiter, as KeyedLimiter takes them."""

    rate: float
    burst: int
    max_keys: int
    when_full: KeyedLimiterWhenFull | str
    seed: int
    dry_run: bool
    counted: bool
    scope: Literal["process"]

    def settings(self) -> dict[str, Any]:
        self.check_scope()
        return settings_from(OPTIONS, self.as_dict())


class KeyedLimiter(Policy, _core.KeyedLimiter):
    """Lets through `rate` calls a second of each key, and `burst` at once.

    >>> import spillway as sw
    >>> limiter = sw.KeyedLimiter("per_user", rate=1.0, burst=2)
    >>> [bool(limiter.try_acquire(user, now_ns=0)) for user in ("ann", "ann", "ann", "bob")]
    [True, True, False, True]
    >>> @limiter.by(lambda user, page: user)
    ... def show(user, page):
    ...     return f"{page} for {user}"
    >>> show("cleo", page=1)
    '1 for cleo'

    A key is a str, bytes or an int from 0 to 2**64 - 1. A str is its UTF-8 form, so "a" and b"a"
    are one key; an int is another key than any text. Keys need not be made known before, and none
    is kept: the memory is a table for `max_keys` that is made once and does not grow, and a key
    leaves it when all its calls have been made up for. when_full says what becomes of a key that
    finds no room, which is counted too. The hash of the keys has a secret seed.

    What is admitted of a key in any time t is at most burst + rate * t, but for what when_full
    forgives. Two keys may share one limit when their hashes agree in what the table keeps of them,
    which is told in docs/keyed_limiter.md; that can only refuse too much.

    Calls that bring no now_ns read the monotonic clock, to the nanosecond. A limiter that is given
    now_ns must always be given it.

    Thread-safe, and safe to use in signal handlers. After a fork, parent and child have a limiter
    each, with what it held.
    """

    __slots__ = ("__weakref__", "_core", "_options")

    _core: _core.KeyedLimiterCore
    _options: KeyedLimiterOptions

    noun = "keyed limiter"
    _rejected = RateLimited
    _reasons = KeyedLimiterRejection

    def __init__(
        self,
        name: str | None = None,
        *,
        rate: float,
        burst: int = 1,
        max_keys: int = 65536,
        when_full: KeyedLimiterWhenFull | str = KeyedLimiterWhenFull.EVICT,
        seed: int = 0,
        dry_run: bool = False,
        counted: bool = True,
        scope: Literal["process"] = "process",
    ) -> None:
        """Makes a limiter; docs/keyed_limiter.md has each option with its range and the source of
        its default.

        seed: 0 is a secret one; give another only where tests must repeat. A named limiter joins
        spillway.registry and the metrics, which tell of all its keys together; the name must differ
        from that of every live keyed limiter. Raises ValueError or TypeError that names the option,
        its value and what is accepted.
        """
        check_name(name)
        options = KeyedLimiterOptions(
            rate=rate,
            burst=burst,
            max_keys=max_keys,
            when_full=when_full,
            seed=seed,
            dry_run=dry_run,
            counted=counted,
            scope=scope,
        )
        settings = options.settings()
        settings["seed"] = settings["seed"] or _clock.new_seed()
        core = _core.KeyedLimiterCore(name or "", settings)
        super().__init__(core, name, self._rejected, tuple(self._reasons))
        self._begin(core, name, options)

    @property
    def options(self) -> KeyedLimiterOptions:
        """The options as they are now. They pickle."""
        return self._options

    def by(self, key: Callable[..., Key]) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """A decorator for functions, methods and async functions: each call takes one of the key
        that key() returns for its arguments.

        A call that is refused raises RateLimited and does not run the function; what key() raises
        goes to the caller.
        """
        check_callable(key)

        def decorate(function: Any) -> Any:
            if type(function) in (classmethod, staticmethod):
                rebuild = cast(Callable[[Any], Any], type(function))
                return rebuild(decorate(function.__func__))
            check_callable(function)
            return self._guard_by(key, function)

        return decorate

    def _guard_by(self, key: Callable[..., Key], function: Callable[..., Any]) -> Any:
        if is_async(function):

            @functools.wraps(function)
            async def guarded_async(*args: Any, **kwargs: Any) -> Any:
                self._take(key(*args, **kwargs))
                return await function(*args, **kwargs)

            return guarded_async

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self._take(key(*args, **kwargs))
            return function(*args, **kwargs)

        return guarded

    def reconfigure(self, **changes: Any) -> None:
        """Changes when_full or dry_run while the limiter runs; the others are fixed when it is
        made.

        Raises ValueError for them and for a value out of range, TypeError for a name that is no
        option. Nothing has changed then.
        """

        def apply(options: KeyedLimiterOptions) -> None:
            settings = options.settings()
            if options.seed == self._options.seed:
                settings["seed"] = self._core.seed  # virtual time gave one, where none was given
            self._core.reconfigure(settings)

        self._reconfigure(changes, apply)

    def snapshot(self, now_ns: int | None = None) -> KeyedLimiterSnapshot:
        """The totals at that time. Changes nothing."""
        return KeyedLimiterSnapshot(**self._core.snapshot(now_ns))

    def count_live_keys(self, now_ns: int | None = None) -> int:
        """How many keys have calls to make up for. Reads the whole table."""
        return self._core.count_live_keys(now_ns)

    def reset(self, now_ns: int | None = None) -> None:
        """Makes all keys as good as new; the totals stay. now_ns is of no account."""
        self._core.reset()

    @property
    def _window(self) -> float:
        return self._options.burst / self._options.rate

    def __call__(self, function: object, /) -> NoReturn:
        """Raises TypeError: see by()."""
        raise TypeError(f"{self!r} must know the key of each call: use @limiter.by(key_function)")

    def __repr__(self) -> str:
        name = "" if self.name is None else f" {self.name!r}"
        options = self._options
        return f"<KeyedLimiter{name} {options.rate:g}/s, burst {options.burst} for each key>"
