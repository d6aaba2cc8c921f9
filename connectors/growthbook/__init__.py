"""GrowthBook: experiments with their results, feature flags with their revisions, and what was learned."""
