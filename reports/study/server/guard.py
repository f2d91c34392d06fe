"""What stands before every request: security headers, a bound on bodies, and a bound on how often somebody may ask."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024
"""Of a body. A trial with all its free words is a tenth of it."""


class Buckets:
    """Token buckets by name: `burst` at once, then `rate` a second. Of the longest unused no more is known after `most` names."""

    def __init__(
        self, burst: float, rate: float, most: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.burst, self.rate, self.most, self.clock = burst, rate, most, clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> bool:
        """Take one token; False where there is none."""
        now = self.clock()
        left, then = self._held.pop(name, (self.burst, now))
        left = min(self.burst, left + (now - then) * self.rate)
        enough = left >= 1
        self._held[name] = (left - 1 if enough else left, now)
        if len(self._held) > self.most:
            self._held.popitem(last=False)
        return enough


class TooLarge(HTTPException):
    """A body beyond `MOST_BYTES`. What reads bodies lets errors of this kind through, and turns others into its own."""

    def __init__(self) -> None:
        super().__init__(413, "a body may have 64 kB")


class Guard:
    """ASGI middleware: adds `headers` to each answer and refuses large bodies with 413, also those that hide their length."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                present = {name for name, _ in message["headers"]}
                extra = [pair for pair in self.headers if pair[0] not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        declared = dict(scope["headers"]).get(b"content-length", b"0")
        size = 0

        async def receiving() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                raise TooLarge
            return message

        try:
            if not declared.isdigit() or int(declared) > MOST_BYTES:
                raise TooLarge
            await self.app(scope, receiving, sending)
        except TooLarge:
            if not begun:
                body = b'{"kind":"large","error":"a body may have 64 kB"}'
                head = [(b"content-type", b"application/json"), (b"connection", b"close")]
                await sending({"type": "http.response.start", "status": 413, "headers": head})
                await send({"type": "http.response.body", "body": body})
