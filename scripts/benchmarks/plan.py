"""What is measured against what, and what we aim at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Aim:
    """Our rate should be at least so many times that of a peer."""

    ours: str
    peer: str
    at_least: float


@dataclass(frozen=True)
class Variant:
    """One contestant of a benchmark; `contestant` is `module:function` below benchmarks.contestants."""

    name: str
    contestant: str
    needs_gallery: bool = False


@dataclass(frozen=True)
class Benchmark:
    """Variants that do the same work. `database` is "", "sqlite" or "postgresql"."""

    name: str
    title: str
    variants: tuple[Variant, ...]
    aims: tuple[Aim, ...]
    connections: int
    database: str = ""

    @property
    def is_probe(self) -> bool:
        """Whether the calls are the marketplace's tests, which leave nothing behind."""
        return not self.database


_STORING = (
    Variant("FastAPI + SQLModel", "fastapi_sqlmodel:create"),
    Variant("ours", "ours:create_enqueuing"),
    Variant("ours, doing the work too", "ours:create_working", needs_gallery=True),
)

BENCHMARKS = (
    Benchmark(
        name="plain",
        title="A newInstance probe, no database work, 16 connections",
        variants=(
            Variant("bare ASGI", "bare:create"),
            Variant("FastAPI", "fastapi_plain:create"),
            Variant("ours", "ours:create_without_storage"),
        ),
        aims=(Aim("ours", "FastAPI", 2.0), Aim("ours", "bare ASGI", 0.45)),
        connections=16,
    ),
    Benchmark(
        name="sqlite",
        title="newInstance with its durable commit, SQLite FULL, 32 connections",
        variants=_STORING,
        aims=(Aim("ours", "FastAPI + SQLModel", 3.0),),
        connections=32,
        database="sqlite",
    ),
    Benchmark(
        name="postgresql",
        title="newInstance with its durable commit, PostgreSQL, 32 connections (information)",
        variants=_STORING,
        aims=(),
        connections=32,
        database="postgresql",
    ),
)
