"""Who the company's customers are: accounts and people, with the mess of real CRMs planted in fixed places."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from sandbox.company.catalogue import HISTORY_END, HISTORY_START, INTERNAL_EMAIL_DOMAINS, SEGMENTS
from sandbox.company.people import Account, Person

OWNERS = 6
CONSUMER_DOMAIN = "post.example"

_SEGMENT_SHARES = (0.5, 0.32, 0.18)
_SEGMENT_WEIGHT = {"smb": 1.0, "mid_market": 2.2, "enterprise": 5.0}
_PLAN_SHARES = {
    "smb": ("trial", "trial", "starter", "starter", "starter", "pro"),
    "mid_market": ("trial", "starter", "pro", "pro", "pro", "enterprise"),
    "enterprise": ("pro", "enterprise", "enterprise"),
}
_ARR_PER_SEAT = {"trial": 0, "starter": 240, "pro": 480, "enterprise": 900}

# Changes between the first and the third demo night; neither lies in the two hours in which a night is read.
_SEGMENT_CHANGES = (
    (datetime(2026, 11, 14, 10, 15, tzinfo=UTC), "smb", "mid_market"),
    (datetime(2026, 11, 15, 14, 30, tzinfo=UTC), "mid_market", "enterprise"),
)
_COMPANY_MERGERS = (
    datetime(2026, 10, 20, 9, 30, tzinfo=UTC),
    datetime(2026, 11, 15, 8, 20, tzinfo=UTC),
    datetime(2026, 9, 8, 13, 5, tzinfo=UTC),
    datetime(2026, 7, 14, 7, 45, tzinfo=UTC),
)
_PERSON_MERGERS = (
    datetime(2026, 10, 6, 8, 10, tzinfo=UTC),
    datetime(2026, 11, 15, 10, 40, tzinfo=UTC),
    datetime(2026, 8, 19, 15, 25, tzinfo=UTC),
)

_COMPANY_FIRST = (
    "North", "Blue", "Silver", "Amber", "Clear", "Bright", "Stone", "River", "Summit", "Cedar", "Harbor", "Meadow",
    "Copper", "Falcon", "Lumen", "Orchid", "Quartz", "Raven", "Solar", "Tidal", "Umber", "Velvet", "Willow", "Zephyr",
)  # fmt: skip
_COMPANY_SECOND = (
    "Logistics", "Foods", "Robotics", "Energy", "Textiles", "Media", "Optics", "Freight", "Health", "Mobility",
    "Studios", "Paper", "Marine", "Tools", "Travel", "Analytics", "Dairy", "Glass", "Sports", "Systems",
)  # fmt: skip
_FIRST_NAMES = (
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Katja", "Lukas", "Marta",
    "Nils", "Olga", "Paul", "Quirin", "Rosa", "Sven", "Tilda", "Udo", "Vera", "Wim", "Xenia", "Yusuf", "Zoe",
)  # fmt: skip
_LAST_NAMES = (
    "Adler", "Bauer", "Conrad", "Dietz", "Ebert", "Fuchs", "Graf", "Huber", "Iversen", "Jansen", "Keller", "Lang",
    "Moser", "Neumann", "Otto", "Peters", "Quandt", "Richter", "Sommer", "Thiel", "Ullrich", "Vogel", "Weiss", "Ziegler",
)  # fmt: skip


def populate(
    account_count: int, person_count: int, rng: np.random.Generator
) -> tuple[list[Account], list[Person]]:
    """Accounts and people of a company; the same numbers and chance give the same company."""
    accounts = [_account(index, rng) for index in range(account_count)]
    _plant_account_stories(accounts, rng)
    people = _people(accounts, person_count, rng)
    _set_revenue(accounts, people, rng)
    return accounts, people


def _moment(day: date, rng: np.random.Generator) -> datetime:
    """A moment in the office hours of a day."""
    seconds = int(rng.integers(7 * 3600, 16 * 3600))
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)


def _account(index: int, rng: np.random.Generator) -> Account:
    first = _COMPANY_FIRST[index % len(_COMPANY_FIRST)]
    second = _COMPANY_SECOND[(index * 7 + index // len(_COMPANY_FIRST)) % len(_COMPANY_SECOND)]
    suffix = "" if index < 40 else f" {index}"
    # The first accounts are the planted ones of each kind, whatever the seed.
    segment = SEGMENTS[index % 3] if index < 12 else str(rng.choice(SEGMENTS, p=_SEGMENT_SHARES))
    plan = str(rng.choice(_PLAN_SHARES[segment]))
    is_old = index < 24 or rng.random() < 0.7
    if is_old:
        created = HISTORY_START - timedelta(days=int(rng.integers(30, 720)))
    else:
        created = HISTORY_START + timedelta(
            days=int(rng.integers(0, (HISTORY_END - HISTORY_START).days - 14))
        )
    churned = None
    if index >= 24 and rng.random() < 0.12:
        earliest = max(created, HISTORY_START) + timedelta(days=21)
        left = (HISTORY_END - earliest).days
        churned = earliest + timedelta(days=int(rng.integers(0, left))) if left > 0 else None
    has_organization = index < 24 or rng.random() < 0.9
    return Account(
        index=index,
        app_account_id=f"acct_{index + 1:04d}",
        crm_id=str(9_100_000_000 + index * 7919 % 1_000_003 * 13),
        name=f"{first} {second}{suffix}",
        domain=f"{first}-{second}{suffix.replace(' ', '-')}.example".lower(),
        segment=segment,
        plan=plan,
        arr_usd=0,
        created_at=_moment(created, rng),
        churned_on=churned,
        is_test=False,
        owner_index=int(rng.integers(0, OWNERS)),
        merged_into=None,
        merged_at=None,
        organization_id=36_000_000_000 + index * 101 if has_organization else None,
        org_external_id_missing=bool(index % 9 == 5),
    )


def _plant_account_stories(accounts: list[Account], rng: np.random.Generator) -> None:
    """Test accounts, mergers and segment changes, all among the old accounts that every scale has."""
    test_accounts = [13, 20, *range(240, len(accounts), 97)]
    for index in test_accounts:
        accounts[index].is_test = True
        accounts[index].plan = "enterprise"
        accounts[index].name += " (test)"
    for place, (changed_at, before, after) in enumerate(_SEGMENT_CHANGES):
        account = accounts[place + 1]
        account.segment = before
        account.plan = "pro"
        account.segment_changes.append((changed_at, after))
    mergers = [(14, 4), (16, 7)] + ([(18, 8), (19, 10)] if len(accounts) >= 400 else [])
    for (loser, winner), merged_at in zip(mergers, _COMPANY_MERGERS, strict=False):
        accounts[loser].merged_into = winner
        accounts[loser].merged_at = merged_at
        accounts[loser].segment = accounts[winner].segment


def _people(accounts: list[Account], person_count: int, rng: np.random.Generator) -> list[Person]:
    special = {"internal": 5 if person_count < 1000 else 24, "bot": 2 if person_count < 1000 else 8}
    weights = np.array([_SEGMENT_WEIGHT[account.segment] * rng.lognormal(0.0, 0.45) for account in accounts])
    for account in accounts:
        if account.is_test:
            weights[account.index] = 0.8
        elif account.segment_changes:
            weights[account.index] = 4.0
        elif account.merged_into is not None:
            weights[account.index] = 1.6
    ordinary = person_count - special["internal"] - special["bot"]
    # Each account has somebody; the rest go where the weights say.
    homes = list(range(len(accounts)))
    homes += [
        int(i) for i in rng.choice(len(accounts), size=ordinary - len(accounts), p=weights / weights.sum())
    ]
    people: list[Person] = []
    for home in homes:
        people.append(_customer(len(people), accounts[home], rng))
    for number in range(special["internal"]):
        people.append(_colleague(len(people), number, special["internal"], rng))
    for _ in range(special["bot"]):
        people.append(_robot(len(people)))
    _plant_people_stories(people, accounts)
    return people


def _joined(account: Account, rng: np.random.Generator) -> date:
    opened = account.created_at.date()
    last = HISTORY_END - timedelta(days=7)
    if opened < HISTORY_START and rng.random() < 0.58:
        return opened + timedelta(days=int(rng.integers(0, (HISTORY_START - opened).days)))
    first = max(opened, HISTORY_START)
    # The square root puts more of the newcomers late: the company grows.
    return first + timedelta(days=int((last - first).days * rng.random() ** 0.7))


def _customer(index: int, account: Account, rng: np.random.Generator) -> Person:
    joined = _joined(account, rng)
    joined_at = max(_moment(joined, rng), account.created_at + timedelta(hours=1))
    churned_at = None
    if rng.random() < 0.2:
        first = max(joined, HISTORY_START) + timedelta(days=3)
        churned_at = _moment(first + timedelta(days=int(rng.exponential(60))), rng)
    if account.churned_on is not None:
        leaves = _moment(account.churned_on, rng)
        churned_at = min(churned_at, leaves) if churned_at else leaves
    first_name = _FIRST_NAMES[index * 5 % len(_FIRST_NAMES)]
    last_name = _LAST_NAMES[(index * 11 + index // 24) % len(_LAST_NAMES)]
    domain = CONSUMER_DOMAIN if account.segment == "smb" and rng.random() < 0.15 else account.domain
    uses_the_app = rng.random() >= 0.04
    in_the_crm = rng.random() < 0.88 or not uses_the_app
    asks_support = rng.random() < 0.55
    devices = [f"device-{index:06d}-a"]
    if rng.random() < 0.3:
        devices.append(f"device-{index:06d}-b")
    return Person(
        index=index,
        app_user_id=f"usr_{index + 1:06d}",
        first_name=first_name,
        last_name=last_name,
        email=f"{first_name}.{last_name}.{index + 1}@{domain}".lower(),
        account_index=account.index,
        second_account_index=None,
        joined_at=joined_at,
        churned_at=churned_at,
        is_internal=False,
        is_bot=False,
        contact_id=str(501_000_000 + index * 17) if in_the_crm else None,
        contact_has_app_user_id=bool(in_the_crm and uses_the_app and rng.random() < 0.45),
        desk_user_id=380_000_000_000 + index * 29 if asks_support else None,
        desk_has_app_user_id=bool(asks_support and uses_the_app and rng.random() < 0.4),
        devices=devices if uses_the_app else [],
    )


def _colleague(index: int, number: int, count: int, rng: np.random.Generator) -> Person:
    """An employee of the company itself. The last one shows the internal address in the CRM only."""
    first_name = _FIRST_NAMES[index * 5 % len(_FIRST_NAMES)]
    last_name = _LAST_NAMES[index * 11 % len(_LAST_NAMES)]
    only_in_the_crm = number == count - 1
    return Person(
        index=index,
        app_user_id=f"usr_{index + 1:06d}",
        first_name=first_name,
        last_name=last_name,
        email=f"{first_name}.{last_name}.{index + 1}@{INTERNAL_EMAIL_DOMAINS[0]}".lower(),
        account_index=None,
        second_account_index=None,
        joined_at=_moment(HISTORY_START - timedelta(days=int(rng.integers(10, 400))), rng),
        churned_at=None,
        is_internal=True,
        is_bot=False,
        contact_id=str(501_000_000 + index * 17) if only_in_the_crm else None,
        contact_has_app_user_id=only_in_the_crm,
        desk_user_id=380_000_000_000 + index * 29 if number == 0 else None,
        desk_has_app_user_id=number == 0,
        devices=[f"device-{index:06d}-a"],
    )


def _robot(index: int) -> Person:
    """A monitoring script with a login of its own."""
    return Person(
        index=index,
        app_user_id=f"usr_{index + 1:06d}",
        first_name="Uptime",
        last_name="Monitor",
        email=f"monitor.{index + 1}@watch.example",
        account_index=None,
        second_account_index=None,
        joined_at=datetime.combine(HISTORY_START - timedelta(days=30), datetime.min.time(), UTC),
        churned_at=None,
        is_internal=False,
        is_bot=True,
        contact_id=None,
        contact_has_app_user_id=False,
        desk_user_id=None,
        desk_has_app_user_id=False,
        devices=[f"device-{index:06d}-a"],
    )


def _plant_people_stories(people: list[Person], accounts: list[Account]) -> None:
    by_account: dict[int, list[Person]] = {}
    for person in people:
        if person.account_index is not None and person.devices:
            by_account.setdefault(person.account_index, []).append(person)
    ordinary = [
        a.index for a in accounts if not (a.is_test or a.merged_into is not None or a.churned_on is not None)
    ]
    crowded = [index for index in ordinary if len(by_account.get(index, [])) >= 6]
    repeats = max(1, len(people) // 1500)

    # Two logins of one human, until somebody merges the contacts: the later login goes into the earlier one.
    for number in range(2 if repeats == 1 else 3):
        winner, loser = by_account[crowded[number % len(crowded)]][-2:]
        for person in (winner, loser):
            person.contact_id = str(501_000_000 + person.index * 17)
            person.contact_has_app_user_id = True
            person.joined_at = min(person.joined_at, datetime(2026, 7, 1, 9, tzinfo=UTC))
            person.joined_at = max(person.joined_at, accounts[_home(person)].created_at + timedelta(hours=1))
            person.churned_at = None
        loser.merged_into = winner.index
        loser.merged_at = _PERSON_MERGERS[number]

    # A meeting-room computer that two colleagues use.
    for index in crowded[: 3 * repeats]:
        first, second = by_account[index][0], by_account[index][1]
        first.devices = [first.devices[0], f"device-shared-{index:04d}"]
        second.devices = [second.devices[0], f"device-shared-{index:04d}"]

    # Consultants work in two accounts, and both are always named in what they do.
    for number, index in enumerate(crowded[: 3 * repeats]):
        others = [other for other in ordinary if other != index]
        consultant = by_account[index][2]
        consultant.second_account_index = others[(index * 3 + number) % len(others)]

    # People of no account at all.
    for index in ordinary[-2 * repeats :]:
        if len(by_account.get(index, [])) < 2:
            continue
        stray = by_account[index][-1]
        if stray.merged_into is None and stray.second_account_index is None:
            stray.account_index = None
            stray.contact_id = None
            stray.contact_has_app_user_id = False
            stray.devices = stray.devices[:1]


def _home(person: Person) -> int:
    assert person.account_index is not None
    return person.account_index


def _set_revenue(accounts: list[Account], people: list[Person], rng: np.random.Generator) -> None:
    seats = [0] * len(accounts)
    for person in people:
        if person.account_index is not None:
            seats[person.account_index] += 1
    for account in accounts:
        price = _ARR_PER_SEAT[account.plan] * float(rng.uniform(0.8, 1.3))
        account.arr_usd = round(price * max(seats[account.index], 2) / 10) * 10
