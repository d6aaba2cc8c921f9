"""The company's surveys: forms and answers with everything that ever happens to them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from sandbox.company.catalogue import FEATURE_BY_ID, HISTORY_END, PRODUCTS, TEAMS
from sandbox.company.people import Account, Person
from sandbox.company.population import Population
from sandbox.company.surveys.forms import CSAT, EVENT, FORMS, NPS, OLD_NPS, PULSE
from sandbox.company.surveys.model import Answer, Form
from sandbox.company.work_time import at_local, awake, local

LAUNCH = date(2026, 9, 29)
FIRST_WAVE = date(2026, 6, 1)
CSAT_FEATURES = ("timeline", "board", "jira_sync", "dashboards")
CSAT_FROM = date(2026, 9, 7)
DISLIKED_FEATURE = "jira_sync"
# Employees by team: one team is too small for its answers to be shown.
TEAM_SIZES = {"atlas": 9, "borealis": 8, "cosmos": 7, "draco": 3}
ANSWER_RATE = 0.36
# What a link says when the mail merge had nothing to put in.
PLACEHOLDER = "xxxxx"
DELETED_BETWEEN_NIGHTS = local("2026-11-15 11:20")
# Shares of scores 0 to 10: ordinarily, and of the product that people resent since its launch.
_PLEASED = (1, 0, 1, 2, 3, 5, 7, 15, 20, 24, 22)
_ANNOYED = (6, 4, 6, 9, 9, 10, 12, 14, 14, 9, 7)
# Shares of points 1 to 5.
_SATISFIED = (3, 5, 14, 40, 38)
_DISSATISFIED = (30, 28, 22, 13, 7)
_COMMENTS = (
    "Love it, thanks!",
    "The new timeline hides my dates. Please call me on +49 151 5550142.",
    "Too slow since the last release",
    "Ask {name} ({email}), who knows our set-up best.",
    "=SUM(A1:A9) 🙂",
    "لا بأس",
)


class Surveys:
    """Forms and answers, with everything that ever happens to them."""

    def __init__(self, company: Population) -> None:
        self.company = company
        self.rng = company.rng("surveys")
        self.forms: Sequence[Form] = FORMS
        self.answers: list[Answer] = sorted(
            [*self._nps(), *self._csat(), *self._pulse(), *self._undeclared(), *self._planted()],
            key=lambda answer: (answer.submitted_at, answer.token),
        )

    def _nps(self) -> Iterator[Answer]:
        """Monthly waves to active customers, who are each asked about one product."""
        for month in range(FIRST_WAVE.month, HISTORY_END.month + 1):
            sent_at = at_local(_weekday_of(date(2026, month, 1), 1, 1), 10)
            for person in self._customers(sent_at):
                if self.rng.random() >= ANSWER_RATE:
                    continue
                product = PRODUCTS[(person.index + month) % len(PRODUCTS)].id
                answered_at = self._later(sent_at, 60)
                first = self._customer_answer(NPS, person, answered_at, product_id=product)
                yield first
                if self.rng.random() < 0.08:
                    yield self._again(first)

    def _csat(self) -> Iterator[Answer]:
        """Asked in the app every week about a feature just used."""
        for week in range((HISTORY_END - CSAT_FROM).days // 7):
            monday = CSAT_FROM + timedelta(days=7 * week)
            for person in self._customers(at_local(monday, 9)):
                if self.rng.random() >= 0.1:
                    continue
                feature = CSAT_FEATURES[int(self.rng.integers(len(CSAT_FEATURES)))]
                if FEATURE_BY_ID[feature].launched_on > monday:
                    continue
                shown_at = at_local(monday + timedelta(days=int(self.rng.integers(0, 6))), 9)
                answer = self._customer_answer(CSAT, person, self._later(shown_at, 3), feature_id=feature)
                yield answer
                if self.rng.random() < 0.06:
                    yield self._again(answer)

    def _pulse(self) -> Iterator[Answer]:
        """Colleagues answer once a month, each for their team and without a name."""
        for month in range(FIRST_WAVE.month, HISTORY_END.month + 1):
            sent_at = at_local(_weekday_of(date(2026, month, 1), 3, 2), 9.5)
            for team in TEAMS:
                for _ in range(TEAM_SIZES[team.id]):
                    if self.rng.random() < 0.88:
                        shares = _DISSATISFIED if team.id == "cosmos" else _SATISFIED
                        moment = self._later(sent_at, 20)
                        answer = self._answer(PULSE, moment, self._score(PULSE, shares), {"team": team.id})
                        answer.team_id = team.id
                        yield answer

    def _undeclared(self) -> Iterator[Answer]:
        for form, first_day, count in ((EVENT, date(2026, 9, 7), 12), (OLD_NPS, date(2026, 6, 2), 8)):
            customers = self._customers(at_local(first_day, 9))
            for place in range(count):
                person = customers[place * 7 % len(customers)]
                hidden = {"email": person.email} if form is EVENT else {"user_id": person.app_user_id}
                moment = self._later(at_local(first_day + timedelta(days=place), 9), 4)
                yield self._answer(form, moment, self._score(form, (1,) * form.steps), hidden)

    def _planted(self) -> Iterator[Answer]:
        """What every scale has, whatever the chance."""
        company = self.company
        customers = [p for p in self._customers(local("2026-11-01 12:00")) if p.account_index is not None]
        plain = [p for p in customers if not company.accounts[p.account_index or 0].is_test]

        def nps(person: Person, when: str, product: str = "studio") -> Answer:
            return self._customer_answer(NPS, person, local(when), product_id=product, by_id=True)

        colleague = next(p for p in company.people if p.is_internal and p.devices)
        yield nps(colleague, "2026-10-20 11:00")
        tester = next(
            (p for p in company.people if p.account_index is not None
             and company.accounts[p.account_index].is_test and p.devices), plain[0],
        )  # fmt: skip
        yield nps(tester, "2026-10-21 11:00")
        # The last minutes of October in UTC are November here.
        yield nps(plain[0], "2026-11-01 00:30")
        # After a night's midnight: read by that night, counted by the next one.
        yield nps(plain[1], "2026-11-15 00:40")
        # The API returns these late: within the look-back, and beyond it.
        late = nps(plain[2], "2026-11-13 20:05")
        late.shown_at = local("2026-11-14 05:00")
        yield late
        very_late = nps(plain[3], "2026-10-28 09:15")
        very_late.shown_at = local("2026-11-14 06:00")
        yield very_late
        deleted = nps(plain[4], "2026-10-15 14:00")
        deleted.deleted_at = DELETED_BETWEEN_NIGHTS
        yield deleted
        # Somebody made the question one of seven points for an afternoon.
        for place, score in enumerate((6, 7, 7)):
            answer = self._customer_answer(
                CSAT, plain[5 + place], local(f"2026-10-14 15:{10 + place}"), feature_id="board"
            )
            answer.score = score
            yield answer
        # A forwarded link of somebody whom no other tool knows, and links that name nobody.
        stranger = self._answer(
            NPS, local("2026-10-12 16:30"), 3, {"email": "guest@elsewhere.example", "product": "studio"}
        )
        stranger.email, stranger.product_id = "guest@elsewhere.example", "studio"
        yield stranger
        for place in range(3):
            hidden = {"user_id": PLACEHOLDER, "email": "", "product": "insights"}
            nobody = self._answer(NPS, local(f"2026-10-13 09:{10 + place}"), 9, hidden)
            nobody.product_id = "insights"
            yield nobody

    def _customers(self, moment: datetime) -> list[Person]:
        """People of customers who may use the app at a moment."""
        return [
            person
            for person in self.company.people
            if person.devices
            and not (person.is_bot or person.is_internal)
            and person.joined_at < moment
            and (person.churned_at is None or person.churned_at > moment)
            and (person.merged_at is None or person.merged_at > moment)
        ]

    def _customer_answer(
        self,
        form: Form,
        person: Person,
        moment: datetime,
        *,
        product_id: str | None = None,
        feature_id: str | None = None,
        by_id: bool = False,
    ) -> Answer:
        """An answer whose link says who it is: by the app's ids, or for some of the mailed ones by address only."""
        account = self._account(person)
        annoyed = (product_id == "studio" and moment >= at_local(LAUNCH, 0)) or feature_id == DISLIKED_FEATURE
        if form is NPS:
            score = self._score(form, _ANNOYED if annoyed else _PLEASED)
        else:
            score = self._score(form, _DISSATISFIED if annoyed else _SATISFIED)
        hidden: dict[str, str] = {}
        only_email = form is NPS and not by_id and self.rng.random() < 0.2 and _is_simple_contact(person)
        if only_email:
            written = (person.email, person.email.upper(), person.email.title())[int(self.rng.integers(3))]
            hidden = {"user_id": "" if self.rng.random() < 0.5 else PLACEHOLDER, "email": written}
        else:
            hidden = {"user_id": person.app_user_id}
            if form is NPS:
                hidden["email"] = person.email
            if account is not None:
                hidden["account_id"] = account.app_account_id
        if product_id is not None:
            hidden["product"] = product_id
        if feature_id is not None:
            hidden["feature"] = feature_id
        answer = self._answer(form, moment, score, hidden, person)
        answer.person_index = person.index
        answer.account_index = account.index if account is not None and not only_email else None
        answer.product_id, answer.feature_id = product_id, feature_id
        return answer

    def _again(self, first: Answer) -> Answer:
        """The same link opened again a little later, with another mind."""
        form = first.form
        moment = awake(first.submitted_at + timedelta(hours=1 + 30 * self.rng.random()))
        score = None
        if first.score is not None:
            score = min(max(first.score + int(self.rng.integers(-2, 2)), form.first), form.last)
        second = self._answer(form, moment, score, dict(first.hidden))
        for name in ("person_index", "account_index", "email", "product_id", "feature_id"):
            setattr(second, name, getattr(first, name))
        return second

    def _answer(
        self,
        form: Form,
        moment: datetime,
        score: int | None,
        hidden: dict[str, str],
        person: Person | None = None,
    ) -> Answer:
        moment = moment.replace(microsecond=0)
        comment = ""
        if self.rng.random() < 0.3:
            comment = _COMMENTS[int(self.rng.integers(len(_COMMENTS)))]
            named = person or self.company.people[0]
            comment = comment.format(name=f"{named.first_name} {named.last_name}", email=named.email)
        if form.kind != "other" and self.rng.random() < 0.04:
            score = None
        return Answer(
            form=form,
            token=self.rng.bytes(16).hex(),
            landed_at=moment - timedelta(seconds=int(self.rng.integers(8, 240))),
            submitted_at=moment,
            shown_at=moment + timedelta(seconds=int(self.rng.integers(5, 1200))),
            score=score,
            comment=comment,
            hidden=hidden,
        )

    def _score(self, form: Form, shares: Sequence[int]) -> int:
        total = sum(shares)
        return form.first + int(self.rng.choice(form.steps, p=[share / total for share in shares]))

    def _account(self, person: Person) -> Account | None:
        return None if person.account_index is None else self.company.accounts[person.account_index]

    def _later(self, sent_at: datetime, hours: float) -> datetime:
        """When somebody who was asked at `sent_at` answers: most soon, some weeks later; not in the quiet hours."""
        delay = min(hours * float(self.rng.lognormal(-1.0, 1.0)), 600)
        return awake(sent_at + timedelta(hours=delay, minutes=2))


def _weekday_of(first_of_month: date, weekday: int, number: int) -> date:
    """The `number`th such weekday (Monday is 0) of a month."""
    return first_of_month + timedelta(days=(weekday - first_of_month.weekday()) % 7 + 7 * (number - 1))


def _is_simple_contact(person: Person) -> bool:
    """Whether the CRM knows the address, and one company and one login for it."""
    return (
        person.contact_id is not None and person.second_account_index is None and person.merged_into is None
    )
