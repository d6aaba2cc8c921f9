-- Grain: one row a version of a feature or subfeature that was ever read. Descriptions and owners' addresses end here.
{{ productboard_entity_versions('features') }}
