"""One key, one effect."""

from tests.support.box import Box, done


async def test_the_same_key_gives_the_same_answer(box: Box) -> None:
    show = await box.show()
    first = done(await box.try_book(show, 2, key="k"))
    again = done(await box.try_book(show, 2, key="k"))
    assert (again.booking, again.replayed) == (first.booking, True)
