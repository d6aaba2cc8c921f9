"""The GraphQL questions and the sandbox's part of the schema against the schema that GitHub publishes.

Collected where POPS_TEST_SPECIFICATIONS names a folder with it as `github.graphql` (npm `@octokit/graphql-schema`).
"""

import os
from pathlib import Path

import graphql

from connectors.github.graph import QUERIES
from sandbox.vendors.github.graph import SCHEMA

FILE = Path(os.environ.get("POPS_TEST_SPECIFICATIONS", ""), "github.graphql")
__test__ = FILE.is_file()


def vendors_schema() -> graphql.GraphQLSchema:
    """As it is published, which is not always with each field once."""
    return graphql.build_schema(FILE.read_text(), assume_valid_sdl=True)


def test_the_vendor_takes_every_question() -> None:
    schema = vendors_schema()
    for query in QUERIES.values():
        assert graphql.validate(schema, graphql.parse(query)) == []


def test_the_sandbox_shows_nothing_that_the_vendor_does_not() -> None:
    vendors, ours = vendors_schema(), graphql.build_schema(SCHEMA)
    for name, kind in ours.type_map.items():
        if name.startswith("__"):
            continue
        theirs = vendors.type_map[name]
        if not isinstance(kind, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType):
            assert graphql.is_leaf_type(theirs), name
            continue
        assert isinstance(theirs, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType)
        assert {each.name for each in kind.interfaces} <= {each.name for each in theirs.interfaces}, name
        for field, shown in kind.fields.items():
            vendors_field = theirs.fields[field]
            assert str(shown.type).rstrip("!") == str(vendors_field.type).rstrip("!"), (name, field)
            for argument, taken in shown.args.items():
                assert str(taken.type) == str(vendors_field.args[argument].type), (name, field, argument)
