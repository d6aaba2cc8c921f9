"""What may stand in `services.yml`: which code runs in a service of the on-call tool, where their names do not tell."""

from connectors.registry.entry import Entry
from connectors.registry.glossary import Text


class Service(Entry):
    """The id is the service's name in the on-call tool, compared without case; `repository`: the code host's name of what runs there."""

    repository: Text
