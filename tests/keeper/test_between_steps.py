"""What others do between two steps of a keeper."""

from __future__ import annotations

from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import notebook, sources, write
from tests.keeper.desk import at_desk


async def test_a_save_that_ends_while_the_file_is_read_is_not_reverted(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:

        async def typed_and_saved() -> None:
            await desk.typed("new ")
            await desk.saver.save()

        desk.contents.after["read"] = typed_and_saved
        await desk.outside.look()

        assert sources(desk.file) == ["new x"]
        assert await desk.sources() == ["new x"]
        assert await desk.entries("x") == []
        assert desk.beside("conflict") == []


async def test_a_look_that_ends_while_the_file_is_read_is_not_reverted(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:

        async def changed_outside_and_looked() -> None:
            write(jupyter, notebook("x outside"), path)
            await desk.outside.look()

        desk.contents.after["read"] = changed_outside_and_looked
        await desk.outside.look()

        assert await desk.sources() == ["x outside"]
        assert len(await desk.entries("x")) == 1


async def test_a_put_wins_also_when_a_save_ends_while_it_is_read(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:

        async def typed_saved_and_put() -> None:
            await desk.typed("new ")
            await desk.saver.save()
            write(jupyter, notebook("put"), path)

        desk.contents.after["read"] = typed_saved_and_put
        await desk.outside.look(is_replaced=True)

        assert await desk.sources() == ["put"]
        assert desk.beside("conflict") == []


async def test_what_was_read_of_the_old_place_of_a_moved_file_does_not_count(
    jupyter: Jupyter,
) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:

        async def moved() -> None:
            write(jupyter, notebook("moved"), f"to-{path}")
            desk.file.unlink()
            await desk.charge.moved(f"to-{path}")

        desk.contents.after["read"] = moved
        await desk.outside.look()

        assert await desk.sources() == ["moved"]
