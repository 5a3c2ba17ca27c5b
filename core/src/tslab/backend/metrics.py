"""What Prometheus reads at /metrics; each backend has a registry of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDPOINTS = frozenset({"/", "/health", "/setup", "/predict", "/webhook", "/versions", "/metrics"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 100)


class Metrics:
    """The numbers; names start with ``tslab_backend_``."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests answered.", "endpoint", "status")
        self.seconds = Histogram(
            "tslab_backend_request_seconds",
            "Time from request to answer.",
            ["endpoint"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self.tasks = self._counter("tasks", "Tasks that were predicted.")
        self.failed_tasks = self._counter(
            "failed_tasks", "Tasks that could not be predicted.", "reason"
        )
        self.webhooks = self._counter("webhooks", "Webhooks by what came of them.", "result")
        self.trainings = self._counter("trainings", "Trainings by outcome.", "outcome")
        self.promotions = self._counter("promotions", "Models that began to serve.")
        self.refreshed = self._counter("refreshed_tasks", "Tasks that got new predictions.")
        self.models_refused = self._counter("models_refused", "Model files that were refused.")
        self.queue = self._gauge("queue_length", "Projects that wait for a training.")
        self.running = self._gauge("trainings_running", "Trainings that run now.")
        self.progress = self._gauge("training_progress", "Share that is done.", "project")
        self.models = self._gauge("models_loaded", "Models in memory.")
        self.training_seconds = Histogram(
            "tslab_backend_training_seconds",
            "Time that a training took.",
            registry=self.registry,
            buckets=(1, 2, 5, 10, 30, 60, 120, 300, 900, 3600),
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"tslab_backend_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"tslab_backend_{name}", text, labels, registry=self.registry)

    def page(self) -> bytes:
        """All numbers in Prometheus' text format."""
        return generate_latest(self.registry)


class Measured:
    """ASGI middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on and notes its status and time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        endpoint = scope["path"] if scope["path"] in ENDPOINTS else "other"
        status = 500
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._metrics.requests.labels(endpoint, str(status)).inc()
            self._metrics.seconds.labels(endpoint).observe(time.perf_counter() - began)
