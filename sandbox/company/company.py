"""The make-believe company: one seed makes its accounts, people, events, tickets, issues and deals, all at one go.

Everything from the start of history to the end of 2026 is made up front and depends on scale and seed only; the
moment at which somebody looks merely decides how much of it is visible.
"""

from functools import cached_property

from sandbox.company.connect import Connect
from sandbox.company.crm.customers import Crm
from sandbox.company.delivery.tracker import Delivery
from sandbox.company.engineering.host import Engineering
from sandbox.company.exports.facts import Exports
from sandbox.company.population import Population, Scale
from sandbox.company.roadmap.board import Roadmap
from sandbox.company.support.desk import Support
from sandbox.company.surveys.answers import Surveys
from sandbox.company.usage.events import Usage


class Company(Population):
    """Accounts and people, and what they do, which is made when first asked for."""

    @classmethod
    def create(cls, scale: Scale = "small", seed: int = 7) -> "Company":
        """ValueError: the scale is unknown."""
        return cls(scale, seed)

    @cached_property
    def usage(self) -> Usage:
        return Usage(self)

    @cached_property
    def connect(self) -> Connect:
        return Connect(self, self.usage)

    @cached_property
    def crm(self) -> Crm:
        return Crm(self, self.support.strangers)

    @cached_property
    def support(self) -> Support:
        return Support(self)

    @cached_property
    def delivery(self) -> Delivery:
        return Delivery(self)

    @cached_property
    def engineering(self) -> Engineering:
        return Engineering(self, self.delivery)

    @cached_property
    def roadmap(self) -> Roadmap:
        return Roadmap(self, self.delivery)

    @cached_property
    def surveys(self) -> Surveys:
        return Surveys(self)

    @cached_property
    def exports(self) -> Exports:
        return Exports(self)
