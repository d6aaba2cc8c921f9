"""What a process imports is kept from its garbage collector, and from those of the processes that are forked from it."""

import gc

import pytest

from settings.importing import uncollected


def test_what_was_imported_is_out_of_the_collectors_sight() -> None:
    with uncollected():
        assert not gc.isenabled()
        imported = [["of a module"]]
    assert gc.isenabled()
    assert gc.is_tracked(imported)
    assert not [each for each in gc.get_objects() if each is imported]


def test_an_import_that_fails_leaves_the_collector_as_it_was() -> None:
    before = gc.get_freeze_count()
    with pytest.raises(ImportError), uncollected():
        import no_such_module  # noqa: F401
    assert gc.isenabled()
    assert gc.get_freeze_count() == before
