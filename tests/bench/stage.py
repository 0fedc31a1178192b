"""What every benchmark stands on: a MongoDB of its own and databases that vanish afterwards."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.database import Database

from backend import db
from backend.embedded_mongo import ANY_FREE_PORT, EmbeddedMongo
from backend.ledger.documents import Document

# Often a disk where /tmp is memory, and open to the user that PostgreSQL runs as.
SCRATCH = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a benchmark runs, and how long it may take."""

    uri: str
    client: MongoClient[Document]
    quick: bool

    @property
    def repeats(self) -> int:
        """How many turns each contestant has."""
        return 1 if self.quick else 3

    def seconds(self, full: float) -> float:
        """How long one turn lasts."""
        return full / 2 if self.quick else full

    @contextmanager
    def database(self) -> Iterator[Database[Document]]:
        """Lend an empty database with all collections, indexes and validators."""
        database = self.client[f"batua_bench_{uuid.uuid4().hex[:12]}"]
        db.initialise(database)
        try:
            yield database
        finally:
            # A large one takes longer to drop than any request may take.
            with MongoClient[Document](self.uri) as patient:
                patient.drop_database(database.name)


@contextmanager
def scratch_directory(name: str) -> Iterator[Path]:
    """Lend an empty directory on a disk."""
    with tempfile.TemporaryDirectory(prefix=f"batua-bench-{name}-", dir=SCRATCH) as place:
        yield Path(place)


@contextmanager
def set_stage(*, quick: bool) -> Iterator[Stage]:
    """Use the server named by MONGODB_URI, or start one for this run."""
    uri = os.environ.get("MONGODB_URI")
    if uri:
        with db.connect(uri) as client:
            yield Stage(uri=uri, client=client, quick=quick)
        return
    with (
        scratch_directory("mongo") as data,
        EmbeddedMongo(data, port=ANY_FREE_PORT) as server,
        db.connect(server.uri) as client,
    ):
        yield Stage(uri=server.uri, client=client, quick=quick)
